import { type ResolvedStack, resolveStack, findStack, readAssembly } from '../../../local/assembly';
import { readAsset } from '../../../local/deployments';
import { CloudFrontServer } from '../../../local/edge-api';
import { Watchdog } from '../../../local/fleet';
import { type FunctionDefinition, readFunction } from '../../../local/functions/function-definition';
import {
  DynamoDbServer,
  type Interceptor,
  S3Server,
  type ServiceCall,
  type TableDefinition,
} from '../../../local/stores';
import { LambdaProcess } from './lambda-process';
import type { LambdaRuntime } from './lambda-runtime';
import { type Permission, RolePolicy } from './role-policy';

interface Deployed {
  readonly definition: FunctionDefinition;
  readonly directory: string;
  readonly policy: RolePolicy;
}

const REFUSED = { kind: 'error', statusCode: 403, code: 'AccessDenied', message: 'Access Denied' } as const;

/**
 * An account in which a synthesized stack has been deployed, as far as its functions see of it: S3, DynamoDB and CloudFront on loopback,
 * which do for a function what its role's policy in the template allows, and nothing else.
 */
export class Account {
  /** @param assembly folder of the stack's assembly */
  static async start(runtime: LambdaRuntime, assembly: string): Promise<Account> {
    const stack = resolve(assembly);
    const distributions = () => stack.ofType('AWS::CloudFront::Distribution').map(({ physicalId }) => physicalId);
    const [s3, dynamoDb, cloudFront] = await Promise.all([
      S3Server.start(),
      DynamoDbServer.start(),
      CloudFrontServer.start({ distributions, invalidate: () => 0, delay: 0 }),
    ]);
    const account = new Account(runtime, s3, dynamoDb, cloudFront, stack);
    for (const service of [s3, dynamoDb, cloudFront]) service.calls.interceptor = account.intercept;
    for (const { physicalId } of stack.ofType('AWS::S3::Bucket')) s3.createBucket(physicalId);
    for (const { physicalId, properties } of stack.ofType('AWS::DynamoDB::Table')) {
      dynamoDb.createTable({ ...(properties as unknown as TableDefinition), TableName: physicalId });
    }
    await account.deploy(assembly);
    return account;
  }

  /** Calls that a role does not allow. */
  readonly refused: (Permission & { readonly by: string })[] = [];
  /** What happens to calls that are allowed. */
  fault: Interceptor = () => undefined;
  private readonly functions = new Map<string, Deployed>();
  private readonly processes: LambdaProcess[] = [];
  private readonly watchdog = new Watchdog();

  private constructor(
    private readonly runtime: LambdaRuntime,
    readonly s3: S3Server,
    readonly dynamoDb: DynamoDbServer,
    readonly cloudFront: CloudFrontServer,
    public stack: ResolvedStack,
  ) {}

  /** Uploads the assets and gives the roles their policies, as a deployment does before it comes to the custom resources. */
  async deploy(assembly: string): Promise<void> {
    this.stack = resolve(assembly);
    const { fileAssets } = this.stack.artifact;
    for (const asset of fileAssets) {
      this.s3.createBucket(asset.bucketName);
      this.s3.putObject(asset.bucketName, asset.objectKey, { body: await readAsset(asset) });
    }
    for (const resource of this.stack.ofType('AWS::Lambda::Function')) {
      const definition = readFunction(this.stack, resource);
      const code = fileAssets.find(({ objectKey }) => objectKey === definition.code.objectKey);
      if (code === undefined) throw new Error(`test/deploy: ${definition.logicalId} has no code in the assembly`);
      const policy = RolePolicy.ofRole(this.stack, String(resource.properties.Role));
      this.functions.set(resource.logicalId, { definition, directory: code.path, policy });
    }
  }

  /** Starts a process of a function. @param id how its logical id begins */
  async run(id: string, environment: Readonly<Record<string, string>> = {}): Promise<LambdaProcess> {
    const { definition, directory } = this.find(id);
    const credentials = {
      // The signature tells the services who calls.
      AWS_ACCESS_KEY_ID: definition.logicalId,
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'session',
    };
    const endpoints = {
      AWS_ENDPOINT_URL_S3: this.s3.endpoint,
      AWS_ENDPOINT_URL_CLOUDFRONT: this.cloudFront.endpoint,
    };
    const services = { ...credentials, ...endpoints, ...environment };
    const process = await LambdaProcess.start({
      definition,
      directory,
      services,
      runtime: this.runtime,
      watchdog: this.watchdog,
    });
    this.processes.push(process);
    return process;
  }

  definition(id: string): FunctionDefinition {
    return this.find(id).definition;
  }

  policy(id: string): RolePolicy {
    return this.find(id).policy;
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.close()));
    await Promise.all([this.s3.close(), this.dynamoDb.close(), this.cloudFront.close(), this.watchdog.close()]);
  }

  private find(id: string): Deployed {
    const found = [...this.functions.values()].find(({ definition }) => definition.logicalId.startsWith(id));
    if (found === undefined) throw new Error(`test/deploy: no function ${id}… in the template`);
    return found;
  }

  private readonly intercept: Interceptor = (call, signal) => {
    const caller = this.functions.get(call.accessKeyId ?? '');
    // The test itself, which stands for the tasks.
    if (caller === undefined) return undefined;
    const refused = this.permissionsFor(call).filter((permission) => !caller.policy.allows(permission));
    this.refused.push(...refused.map((permission) => ({ ...permission, by: caller.definition.logicalId })));
    return refused.length > 0 ? REFUSED : this.fault(call, signal);
  };

  /** What a call needs: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html */
  private permissionsFor({ service, operation, resource = '', key = '' }: ServiceCall): Permission[] {
    const { account, artifact } = this.stack;
    const { partition } = artifact.environment;
    if (service === 'cloudfront') {
      return [
        {
          action: `cloudfront:${operation}`,
          resource: `arn:${partition}:cloudfront::${account}:distribution/${resource}`,
        },
      ];
    }
    const bucket = `arn:${partition}:s3:::${resource}`;
    const listing = { action: 's3:ListBucket', resource: bucket };
    if (service === 's3' && operation === 'ListObjectsV2') return [listing];
    const action = operation.replace('HeadObject', 'GetObject');
    const object = { action: `${service}:${action}`, resource: `${bucket}/${key}` };
    // Who may not list a bucket does not hear either that an object is missing: it is a 403, not a 404.
    const isMissing = action === 'GetObject' && this.s3.tryGetObject(resource, key) === undefined;
    return isMissing ? [object, listing] : [object];
  }
}

function resolve(assembly: string): ResolvedStack {
  return resolveStack(findStack(readAssembly(assembly)));
}
