import type { ResolvedStack } from '../assembly';
import { readAsset, runBucketDeployments } from '../deployments';
import { CallLog, DynamoDbServer, type Interceptor, S3Server, type TableDefinition, type TableStream } from '../stores';
import type { DataDirectory } from './data-directory';

/** What the stores hold, as JSON. */
export interface StoresState {
  readonly s3: { readonly endpoint: string; readonly buckets: Readonly<Record<string, { readonly objects: number }>> };
  readonly dynamodb: { readonly endpoint: string; readonly tables: readonly string[] };
}

export interface StoresOptions {
  /** Sees every call first. */
  readonly interceptor?: Interceptor;
  /** Where objects and items outlive the stack. @default - they are in memory only */
  readonly data?: DataDirectory;
  /** Write units a second that one partition key of a table takes. @default - any number */
  readonly partitionWriteUnits?: number;
}

/** The embedded S3 and DynamoDB with the stack's buckets and tables. */
export class Stores {
  static async start(
    stack: ResolvedStack,
    { interceptor, data, partitionWriteUnits }: StoresOptions = {},
  ): Promise<Stores> {
    const calls = new CallLog();
    const { region, account } = stack;
    const common = { calls, interceptor, region };
    const s3 = await S3Server.start({ ...common, dataDirectory: data?.s3 });
    const dynamodb = await DynamoDbServer.start({
      ...common,
      account,
      partitionWriteUnits,
      dataDirectory: data?.dynamodb,
    });
    return new Stores(stack, s3, dynamodb, calls);
  }

  private constructor(
    private stack: ResolvedStack,
    readonly s3: S3Server,
    readonly dynamodb: DynamoDbServer,
    readonly calls: CallLog,
  ) {}

  /** Makes the stack's buckets and tables; those that are there stay. */
  create(stack: ResolvedStack): void {
    this.stack = stack;
    for (const { physicalId } of this.stack.ofType('AWS::S3::Bucket')) this.s3.createBucket(physicalId);
    for (const type of ['AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable']) {
      for (const { physicalId, properties } of this.stack.ofType(type)) {
        this.dynamodb.createTable({ ...(properties as unknown as TableDefinition), TableName: physicalId });
      }
    }
  }

  /** Lets the functions read the assets that a deployment would have uploaded to the bootstrap bucket. */
  provideAssets({ artifact }: ResolvedStack): void {
    for (const asset of artifact.fileAssets) {
      this.s3.createBucket(asset.bucketName);
      this.s3.provideObject(asset.bucketName, asset.objectKey, () => readAsset(asset));
    }
  }

  /** Uploads the assets of `BucketDeployment` constructs. */
  async fill(): Promise<void> {
    await runBucketDeployments(this.stack, this.s3);
  }

  tryFindStream(arn: string): TableStream | undefined {
    const name = /:table\/([^/]+)\/stream\//.exec(arn)?.[1];
    return name === undefined ? undefined : this.dynamodb.tryFindStream(name);
  }

  /** Number of objects in the stack's buckets. */
  get objects(): number {
    return Object.values(this.state.s3.buckets).reduce((sum, { objects }) => sum + objects, 0);
  }

  get state(): StoresState {
    const own = new Set(this.stack.ofType('AWS::S3::Bucket').map(({ physicalId }) => physicalId));
    const names = this.s3.bucketNames().filter((name) => own.has(name));
    const buckets = names.map((name) => [name, { objects: this.s3.keys(name).length }] as const);
    return {
      s3: { endpoint: this.s3.endpoint, buckets: Object.fromEntries(buckets) },
      dynamodb: { endpoint: this.dynamodb.endpoint, tables: this.dynamodb.tableNames() },
    };
  }

  /**
   * The variables by which AWS' SDKs find the embedded services in place of the real ones.
   *
   * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
   */
  get environment(): Record<string, string> {
    return {
      AWS_REGION: this.stack.region,
      AWS_DEFAULT_REGION: this.stack.region,
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL_S3: this.s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: this.dynamodb.endpoint,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.s3.close(), this.dynamodb.close()]);
  }
}
