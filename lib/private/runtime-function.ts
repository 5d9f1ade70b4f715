import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface RuntimeFunctionOptions {
  /** Folder of the bundled code in `assets/`. */
  readonly code: string;
  readonly description: string;
  readonly timeout: Duration;
  readonly memorySize: number;
  readonly environment?: Record<string, string>;
}

/** A Lambda function of this package, which may write its log and do nothing else until more is granted. */
export function createRuntimeFunction(scope: Construct, id: string, options: RuntimeFunctionOptions): lambda.Function {
  const logGroup = new logs.LogGroup(scope, `${id}Logs`, {
    retention: logs.RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // Not AWSLambdaBasicExecutionRole: it may write every log of the account.
  const role = new iam.Role(scope, `${id}Role`, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  return new lambda.Function(scope, id, {
    description: options.description,
    code: lambda.Code.fromAsset(runtimeDirectory(options.code)),
    handler: 'index.handler',
    runtime: lambda.Runtime.NODEJS_24_X,
    architecture: lambda.Architecture.ARM_64,
    timeout: options.timeout,
    memorySize: options.memorySize,
    environment: options.environment,
    role,
    logGroup,
  });
}

/** The package finds itself by name, from its sources as from `dist`. */
function runtimeDirectory(name: string): string {
  const root = dirname(createRequire(__filename).resolve('cdk-nextjs-ecs/package.json'));
  const directory = join(root, 'assets', name);
  if (existsSync(directory)) return directory;
  throw new Error(`cdk-nextjs-ecs: ${directory} is missing. In a clone of the repository run: npm run bundle`);
}
