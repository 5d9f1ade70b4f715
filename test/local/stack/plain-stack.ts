import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  OriginProtocolPolicy,
  OriginRequestPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { LoadBalancerV2Origin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateService, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Topic } from 'aws-cdk-lib/aws-sns';

/** A server that needs nothing but Node.js. */
const SERVER = `
  import { createServer } from 'node:http';
  const { PORT, REPLICA, BUCKET, TABLE, AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID } = process.env;
  if (process.env.BROKEN) { console.error('no catalogue'); process.exit(1); }
  const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=' + AWS_ACCESS_KEY_ID + '/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0' };
  if (process.env.STUBBORN) process.on('SIGTERM', () => {});
  let count = 0;
  createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    const json = (value, headers = {}) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
    if (pathname === '/health') return json({});
    if (pathname === '/who') return json({ replica: AWS_ACCESS_KEY_ID, build: process.env.BUILD, bucket: BUCKET, table: TABLE, greeting: process.env.GREETING }, { 'cache-control': 'no-store' });
    if (pathname === '/time') return json(Date.now(), { 'cache-control': 'no-store' });
    if (pathname === '/host') return json({ host: request.headers.host }, { 'cache-control': 'no-store' });
    if (pathname === '/list') return json((await fetch(AWS_ENDPOINT_URL_S3 + '/' + BUCKET + '?list-type=2', { headers: signed })).status, { 'cache-control': 'no-store' });
    if (pathname === '/stream') {
      response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
      response.write('first ');
      globalThis.finish = () => response.end('last');
      return;
    }
    if (pathname === '/finish') { globalThis.finish(); return json({}); }
    json({ count: ++count }, { 'cache-control': 's-maxage=60' });
  }).listen(PORT, '127.0.0.1');
`;

export interface PlainStackOptions {
  /** @default - the stack has a distribution */
  readonly distribution?: boolean;
  /** @default 'Plain' */
  readonly name?: string;
  /** Adds a second stack with a distribution. */
  readonly twice?: boolean;
  /** Environment variables of the tasks, above those that the server needs. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Adds to the stack. */
  readonly extend?: (stack: Stack, parts: PlainStackParts) => void;
}

export interface PlainStackParts {
  readonly service: FargateService;
  readonly bucket: Bucket;
  readonly table: Table;
  readonly distribution?: Distribution;
}

/** A site that plain CDK constructs describe: CloudFront, S3, an application load balancer, Fargate and a table. */
export async function synthesizePlainStack(
  directory: string,
  options: PlainStackOptions = {},
): Promise<{ assembly: string; server: string }> {
  const [server, assets] = [join(directory, 'server'), join(directory, 'assets')];
  await Promise.all([mkdir(server), mkdir(assets)]);
  await writeFile(join(server, 'server.mjs'), SERVER);
  await writeFile(join(server, 'Dockerfile'), 'FROM node:24\nWORKDIR /srv\nCOPY . .\nCMD ["node", "server.mjs"]\n');
  await writeFile(join(assets, 'style.css'), 'body {}');
  const app = new App({ outdir: join(directory, 'cdk.out') });
  addStack(app, options.name ?? 'Plain', { server, assets }, options);
  if (options.twice === true) addStack(app, 'Twin', { server, assets });
  return { assembly: app.synth().directory, server };
}

function addStack(
  app: App,
  name: string,
  { server, assets }: { server: string; assets: string },
  { distribution: isDistributed = true, environment = {}, extend = () => undefined }: PlainStackOptions = {},
): void {
  const stack = new Stack(app, name);
  const bucket = new Bucket(stack, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
  new BucketDeployment(stack, 'Deployment', {
    destinationBucket: bucket,
    sources: [Source.asset(assets)],
    prune: false,
  });
  const table = new Table(stack, 'Table', { partitionKey: { name: 'pk', type: AttributeType.STRING } });
  new Topic(stack, 'Topic');

  const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
  const taskDefinition = new FargateTaskDefinition(stack, 'Task');
  taskDefinition.addContainer('web', {
    image: ContainerImage.fromAsset(server),
    portMappings: [{ containerPort: 8000 }],
    environment: { PORT: '8000', BUCKET: bucket.bucketName, TABLE: table.tableName, ...environment },
  });
  const service = new FargateService(stack, 'Service', {
    cluster: new Cluster(stack, 'Cluster', { vpc }),
    taskDefinition,
    desiredCount: 2,
    minHealthyPercent: 100,
    circuitBreaker: { rollback: true },
    assignPublicIp: true,
  });
  const balancer = new ApplicationLoadBalancer(stack, 'Balancer', { vpc, internetFacing: true });
  const targets = balancer
    .addListener('Listener', { port: 80 })
    .addTargets('Targets', { port: 80, targets: [service] });
  targets.configureHealthCheck({ path: '/health' });
  if (!isDistributed) {
    extend(stack, { service, bucket, table });
    return;
  }
  const distribution = new Distribution(stack, 'Distribution', {
    defaultBehavior: {
      origin: new LoadBalancerV2Origin(balancer, { protocolPolicy: OriginProtocolPolicy.HTTP_ONLY }),
      allowedMethods: AllowedMethods.ALLOW_ALL,
      cachePolicy: CachePolicy.USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER,
    },
    additionalBehaviors: { '*.css': { origin: S3BucketOrigin.withOriginAccessControl(bucket) } },
  });
  extend(stack, { service, bucket, table, distribution });
}
