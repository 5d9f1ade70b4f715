import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudFrontClient, GetInvalidationCommand, ListInvalidationsCommand } from '@aws-sdk/client-cloudfront';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Bundle } from '../../../contract';
import { resolveStack } from '../../../local/assembly';
import { EdgeTag, edgeTagOf } from '../../../runtime/http/cache-tags';
import { appWithBundle, write } from '../../lib/bundle';
import { SKIPPED_BY_LINT } from '../../lib/skipped-checks';
import { lint, validatorsAreInstalled } from '../../oracles/validators';
import { until } from '../../runtime/server/started-server';
import { tryInstallRuntime } from '../functions/lambda-runtime';
import { run } from '../image/command';
import { notProven, proven } from '../support/proof';
import { hasTools, isRoot } from '../support/tool';
import { CdkProject } from './cdk-project';
import { DeployedStack } from './deployed-stack';
import { ADDED_TYPES, Emulator, hasEmulator } from './emulator';
import { readImage, Registry } from './registry';

const CLAIM = 'cdk bootstrap, deploy, update, roll-back, diff and destroy';
const BY = 'the CDK’s command line against ministack, which runs our functions under Node.js 24';
const STACK = 'NextjsSite';
const CHUNKS = '_next/static/chunks';

/** What holds data, or has an address that others know. */
const LASTING = [
  'AWS::CloudFront::Distribution',
  'AWS::DynamoDB::Table',
  'AWS::ECS::Service',
  'AWS::ElasticLoadBalancingV2::LoadBalancer',
  'AWS::S3::Bucket',
  'Custom::NextjsAssets',
];

const isReady = isRoot(CLAIM) && hasTools(CLAIM, 'python3', 'buildah', 'docker-registry') && hasEmulator(CLAIM);
const runtime = isReady ? await tryInstallRuntime(CLAIM) : undefined;

describe.runIf(runtime)('the CDK’s command line', () => {
  let emulator: Emulator;
  let registry: Registry;
  let project: CdkProject;
  let stack: DeployedStack;
  let s3: S3Client;
  let dynamoDb: DynamoDBClient;
  let cloudFront: CloudFrontClient;
  let bundle: string;
  const closing: (() => unknown)[] = [];

  beforeAll(async () => {
    if (runtime === undefined) return;
    const scratch = mkdtempSync(join(tmpdir(), 'deploy-'));
    closing.push(() => {
      rmSync(scratch, { recursive: true, force: true });
    });
    for (const folder of ['project', 'emulator']) mkdirSync(join(scratch, folder));
    emulator = await Emulator.start(runtime, join(scratch, 'emulator'));
    closing.push(() => emulator.stop());
    registry = await Registry.start(scratch);
    closing.push(() => registry.stop());
    // An image for this machine.
    const app = appWithBundle({ nativePlatform: { os: 'linux', arch: process.arch } });
    bundle = join(app, Bundle.DIRECTORY);
    const images = await makeImageStore(join(scratch, 'images'));
    project = new CdkProject(join(scratch, 'project'), app, {
      ...emulator.environment,
      CDK_DOCKER: join(import.meta.dirname, 'docker'),
      IMAGE_STORE: images,
      REGISTRIES: `${registry.address} ${emulator.address}`,
    });
    const client = {
      endpoint: `http://${emulator.address}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    stack = new DeployedStack(new CloudFormationClient(client), STACK);
    s3 = new S3Client({ ...client, forcePathStyle: true });
    dynamoDb = new DynamoDBClient(client);
    cloudFront = new CloudFrontClient(client);
  });

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  const files = async (): Promise<string[]> => {
    const Bucket = resourceOf(await stack.physicalIds('AWS::S3::Bucket'), 'SiteAssetsBucket');
    const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    return objects.map(({ Key: key = '' }) => key);
  };

  it('bootstraps an account, and deploys the template as it is', async () => {
    await project.bootstrap();
    const outputs = await project.deploy();
    expect(
      Object.keys(outputs)
        .map((name) => name.replace(/[0-9A-F]{8}$/, ''))
        .sort(),
    ).toEqual(['SitePurgeReplayCommand', 'SiteServiceRevalidation', 'SiteUrl']);
    const statuses = (await stack.resources()).map(({ ResourceStatus: status }) => status);
    expect(new Set(statuses)).toEqual(new Set(['CREATE_COMPLETE']));
    expect(await stack.template()).toEqual(project.lastSynthesis.template);
    expect(await files()).toEqual([`${CHUNKS}/main.js`]);
    const Bucket = resourceOf(await stack.physicalIds(), 'SiteAssetsBucket');
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: `${CHUNKS}/main.js` }))).toMatchObject({
      CacheControl: 'public, max-age=31536000, immutable',
      ContentType: 'text/javascript; charset=utf-8',
    });
    proven(
      `bootstrap and deploy of the unchanged template (${statuses.length} resources), its outputs and its custom resource`,
      BY,
    );
  });

  it('asks for nothing that CloudFormation’s schemas do not have', () => {
    const { templateFile } = project;
    const types = new Set(Object.values(project.lastSynthesis.template.Resources).map(({ Type }) => Type));
    expect([...types]).toEqual(expect.arrayContaining(ADDED_TYPES));
    if (!validatorsAreInstalled()) {
      notProven(ADDED_TYPES.join(', '), 'test/oracles/prepare has not installed cfn-lint');
      return;
    }
    expect(lint([templateFile]).filter(({ rule }) => !(rule in SKIPPED_BY_LINT))).toEqual([]);
    proven(
      `the properties of ${ADDED_TYPES.join(', ')}, which ministack’s CloudFormation does not know`,
      'cfn-lint, by the registry’s schemas',
    );
  });

  it('pushes the image that the task definition names to a registry', async () => {
    const [asset] = project.lastSynthesis.dockerAssets;
    if (asset === undefined) throw new Error('test/deploy: there is no image asset');
    const [pushed, named] = await Promise.all(
      [registry, emulator].map(({ address }) => readImage(address, asset.repositoryName, asset.imageTag)),
    );
    expect(pushed).toEqual(named);
    expect(pushed).toMatchObject({ user: 'node', platform: asset.platform });
    const deployed = resolveStack(project.lastSynthesis).ofType('AWS::ECS::TaskDefinition')[0]?.properties;
    expect(JSON.stringify(deployed)).toContain(`"Image":"${asset.imageUri}"`);
    proven(
      'the image asset is built and pushed, and can be pulled layer by layer',
      'buildah; Debian’s docker-registry',
    );
  });

  it('finds no difference after a deployment', async () => {
    await project.expectNoDifference();
    proven('cdk diff is empty after a deployment', BY);
  });

  it('has a deployed stack whose revalidations reach CloudFront', async () => {
    await project.revalidate('--stack', STACK, '--tag', 'posts');
    const DistributionId = resourceOf(await stack.physicalIds('AWS::CloudFront::Distribution'), 'SiteDistribution');
    const items = async (): Promise<string[]> => {
      const { InvalidationList: list } = await cloudFront.send(new ListInvalidationsCommand({ DistributionId }));
      const details = (list?.Items ?? []).map(async ({ Id }) => {
        const { Invalidation: found } = await cloudFront.send(new GetInvalidationCommand({ DistributionId, Id }));
        return found?.InvalidationBatch?.Paths?.Items ?? [];
      });
      return (await Promise.all(details)).flat();
    };
    await until(async () => (await items()).length > 0);
    expect(await items()).toEqual([`#${edgeTagOf('posts')}`, `#${EdgeTag.COARSE}`]);
    proven(
      'revalidate --stack, the row, the table’s stream, its filter, the purge function and CreateInvalidation',
      BY,
    );
  });

  it('updates what changed with a new build, and replaces nothing that lasts', async () => {
    const before = await stack.physicalIds(...LASTING);
    const tasks = await stack.physicalIds('AWS::ECS::TaskDefinition');
    release(bundle, 'two');
    await project.deploy();
    expect(await stack.status()).toBe('UPDATE_COMPLETE');
    expect(await stack.physicalIds(...LASTING)).toEqual(before);
    expect(await stack.physicalIds('AWS::ECS::TaskDefinition')).not.toEqual(tasks);
    expect(await files()).toEqual([`${CHUNKS}/main.js`, `${CHUNKS}/two.js`]);
    await project.expectNoDifference();
    proven('a second build is deployed, its files beside the first one’s; cdk diff is empty', BY);
  });

  it('rolls back a build that cannot be uploaded, before any task is started, and deploys it when it can', async () => {
    const template = await stack.template();
    const tasks = await stack.physicalIds('AWS::ECS::TaskDefinition');
    release(bundle, 'three');
    const archive = resolveStack(await project.synthesize()).customResources[0]?.properties ?? {};
    const place = { Bucket: String(archive.ArchiveBucket), Key: String(archive.ArchiveKey) };
    // The command line does not upload what is there.
    await s3.send(new PutObjectCommand({ ...place, Body: 'no archive, but as long as one would have to be' }));
    await expect(project.deploy()).rejects.toThrow('the asset is not a zip archive');
    expect(await stack.status()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await stack.template()).toEqual(template);
    expect(Object.keys(await stack.physicalIds('AWS::ECS::TaskDefinition'))).toEqual(Object.keys(tasks));
    expect(await files()).toEqual([`${CHUNKS}/main.js`, `${CHUNKS}/two.js`]);

    await s3.send(new DeleteObjectCommand(place));
    await project.deploy();
    expect(await files()).toContain(`${CHUNKS}/three.js`);
    proven('a deployment that fails is rolled back whole, and the next one succeeds', BY);
    notProven(
      'ECS’ circuit breaker rolls back a build whose tasks do not become healthy',
      'the emulator starts no tasks; what the local stack makes of it is shown by test/local/stack/deploy.test.ts',
    );
  });

  it('destroys all but what the template keeps', async () => {
    const [id, ids] = [await stack.id(), await stack.physicalIds()];
    const { Resources: resources } = (await stack.template()) as { Resources: Record<string, Kept> };
    const kept = Object.entries(resources).filter(([, { DeletionPolicy: policy }]) => policy === 'Retain');
    const keptOf = (type: string) => kept.filter(([, { Type }]) => Type === type).map(([name]) => ids[name]);
    await project.destroy();
    expect(await stack.everHad('DELETE_FAILED', id)).toEqual(new Set());
    expect(await stack.everHad('DELETE_SKIPPED', id)).toEqual(new Set(kept.map(([name]) => name)));
    const { Buckets: buckets = [] } = await s3.send(new ListBucketsCommand());
    const ours = buckets.map(({ Name }) => Name).filter((name) => !name?.startsWith('cdk-'));
    expect(ours.sort()).toEqual(keptOf('AWS::S3::Bucket').sort());
    const { TableNames: tables } = await dynamoDb.send(new ListTablesCommand());
    expect(tables).toEqual(keptOf('AWS::DynamoDB::Table'));
    expect(kept.map(([, { Type }]) => Type).sort()).toEqual([
      'AWS::DynamoDB::Table',
      'AWS::S3::Bucket',
      'AWS::S3::Bucket',
      'AWS::S3::Bucket',
    ]);
    proven('destroy leaves the table and the buckets that hold data, and nothing else', BY);
  });
});

interface Kept {
  readonly Type: string;
  readonly DeletionPolicy?: string;
}

/** A new build of the app: another server, and a chunk of its own. */
function release(bundle: string, name: string): void {
  write(join(bundle, Bundle.SERVER_DIRECTORY, '.next/BUILD_ID'), name);
  write(join(bundle, Bundle.STATIC_DIRECTORY, CHUNKS, `${name}.js`), `console.log('${name}')`);
}

/** The physical id of the resource whose logical id begins so, but for its hash. */
function resourceOf(ids: Readonly<Record<string, string>>, beginning: string): string {
  const found = Object.keys(ids).find((id) => id.replace(/[0-9A-F]{8}$/, '') === beginning);
  return ids[found ?? ''] ?? '';
}

/** Images apart from the machine's own, with one by the name of the Dockerfile's base that is empty: nothing is run here. */
async function makeImageStore(directory: string): Promise<string> {
  const place = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run'), '--storage-driver', 'vfs'];
  const container = await run('buildah', [...place, 'from', 'scratch']);
  await run('buildah', [...place, 'commit', '--quiet', '--rm', container, 'docker.io/library/node:24-slim']);
  return directory;
}
