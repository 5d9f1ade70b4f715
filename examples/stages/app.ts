import { App, Stack, type StackProps, Stage } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { NextjsBuild, NextjsSite, type NextjsServiceOptions } from 'cdk-nextjs-ecs';
import type { Construct } from 'constructs';

const REGION = 'us-east-1';

/** The repository that the pipeline pushes to; its policy lets the accounts of all stages pull. */
const REPOSITORY = `arn:aws:ecr:${REGION}:111111111111:repository/shop`;

/** What the pipeline carries from the job that builds to those that deploy: the bundle, of which `server` is in the image. */
const BUNDLE = '../storefront/.cdk-nextjs-ecs';

interface ShopStackProps extends StackProps {
  readonly tag: string;
  /** What differs from stage to stage: size and configuration, never the image. */
  readonly options: NextjsServiceOptions;
}

class ShopStack extends Stack {
  constructor(scope: Construct, id: string, { tag, options, ...props }: ShopStackProps) {
    super(scope, id, props);
    const repository = ecr.Repository.fromRepositoryArn(this, 'Repository', REPOSITORY);
    const database = secretsmanager.Secret.fromSecretNameV2(this, 'Database', 'shop/database');
    new NextjsSite(this, 'Site', {
      nextBuild: NextjsBuild.fromImage(ecs.ContainerImage.fromEcrRepository(repository, tag), {
        facts: BUNDLE,
        staticFiles: `${BUNDLE}/static`,
      }),
      cpuArchitecture: ecs.CpuArchitecture.ARM64,
      secrets: { DATABASE_URL: ecs.Secret.fromSecretsManager(database) },
      ...options,
    });
  }
}

const app = new App();
const tag: unknown = app.node.tryGetContext('tag');
if (typeof tag !== 'string') throw new Error('Which image? cdk deploy -c tag=TAG');

/** The account of each stage, and its options. */
const stages: Record<string, [account: string, options: NextjsServiceOptions]> = {
  Dev: ['222222222222', { minCapacity: 1, cpu: 256, memoryLimitMiB: 1024, environment: { PAYMENTS: 'sandbox' } }],
  Staging: ['333333333333', { cpu: 512, memoryLimitMiB: 1024, environment: { PAYMENTS: 'sandbox' } }],
  Prod: ['444444444444', { maxCapacity: 10, environment: { PAYMENTS: 'live' } }],
};
for (const [name, [account, options]] of Object.entries(stages)) {
  new ShopStack(new Stage(app, name, { env: { account, region: REGION } }), 'Shop', { tag, options });
}
