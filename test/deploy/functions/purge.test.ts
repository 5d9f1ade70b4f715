import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { PurgeMetric } from '../../../contract';
import type { StreamRecord } from '../../../local/stores';
import { EdgeTag, edgeTagOf } from '../../../runtime/http/cache-tags';
import { DynamoDbTagStore } from '../../../runtime/stores/dynamodb-tag-store';
import { proven } from '../support/proof';
import { Account } from './account';
import type { LambdaProcess } from './lambda-process';
import { tryInstallRuntime } from './lambda-runtime';
import { PURGE, synthesizeBuild } from './site';

const BY = 'Node.js 24 with AWS’ Runtime Interface Client; CloudFront and S3 that obey the role in the template';

/** Enough for a few attempts: the function leaves itself ten seconds for keeping what it cannot purge. */
const SHORT = 12_000;

const runtime = await tryInstallRuntime('the purge function');

describe.runIf(runtime)('the purge function, in Lambda’s runtime', () => {
  let assembly = '';
  let account: Account;
  let purge: LambdaProcess;
  let records: StreamRecord[];

  beforeAll(() => {
    assembly = synthesizeBuild();
  });

  beforeEach(async () => {
    if (runtime === undefined) return;
    account = await Account.start(runtime, assembly);
    purge = await account.run(PURGE);
    records = [];
    account.dynamoDb.tryFindStream(tableName())?.subscribe((record) => records.push(record));
  });

  afterEach(() => account.close());

  const tableName = () => account.stack.ofType('AWS::DynamoDB::Table')[0]?.physicalId ?? '';
  const keptKeys = () => account.s3.keys(account.definition(PURGE).environment.NEXTJS_PURGE_BUCKET ?? '');
  const purged = () => [...account.cloudFront.invalidations].reverse().flatMap(({ items }) => items);
  const refuse = (code: string) => {
    account.fault = ({ service }) =>
      service === 'cloudfront' ? { kind: 'error', statusCode: 400, code, message: code } : undefined;
  };
  const accept = () => {
    account.fault = () => undefined;
  };

  /** Revalidates as the tasks do; the records are of a while ago, so that no task is waited for. */
  const revalidate = async (...tags: string[]) => {
    const credentials = { accessKeyId: 'task', secretAccessKey: 'secret' };
    const client = new DynamoDBClient({ endpoint: account.dynamoDb.endpoint, region: 'us-east-1', credentials });
    const site = account.definition(PURGE).environment.NEXTJS_CACHE_SITE ?? '';
    const store = new DynamoDbTagStore(() => client, tableName(), site, 1);
    for (const tag of tags) await store.revalidate(tag, { kind: 'expire' }, { at: Date.now(), timeout: 10_000 });
    client.destroy();
    return { Records: records.splice(0).map((record) => aged(record)) };
  };

  it('purges what the table’s stream tells, and writes its metrics to the log', async () => {
    const { kind, body, lines } = await purge.invoke(await revalidate('posts', 'a b,c'));
    expect([kind, body]).toEqual(['response', { batchItemFailures: [] }]);
    expect(purged()).toEqual([`#${edgeTagOf('posts')}`, `#${edgeTagOf('a b,c')}`, `#${EdgeTag.COARSE}`]);
    const metrics = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(({ _aws }) => _aws);
    expect(metrics).toMatchObject({ [PurgeMetric.TAGS]: 2, [PurgeMetric.ITEMS]: 3 });
    proven('a DynamoDB stream’s batch purges its tags', BY);
  });

  it('waits until every task has heard of a change that is new', async () => {
    const { Records } = await revalidate('posts');
    const createdAt = Date.now();
    const fresh = Records.map((record) => aged(record, createdAt));
    await purge.invoke({ Records: fresh });
    const [invalidation] = account.cloudFront.invalidations;
    const wait = Number(account.definition(PURGE).environment.NEXTJS_PURGE_WAIT);
    expect(Date.parse(invalidation?.createTime ?? '') - createdAt).toBeGreaterThanOrEqual(wait - 1000);
  });

  it('gives up in time while CloudFront is busy, and its next attempt is the same purge', async () => {
    const event = await revalidate('posts');
    refuse('TooManyInvalidationsInProgress');
    const { body } = await purge.invoke(event, SHORT);
    expect(body).toEqual({ batchItemFailures: [{ itemIdentifier: event.Records[0]?.dynamodb.SequenceNumber }] });
    accept();
    expect(await purge.invoke(event)).toMatchObject({ body: { batchItemFailures: [] } });
    expect(await purge.invoke(event)).toMatchObject({ body: { batchItemFailures: [] } });
    expect(account.cloudFront.invalidations).toHaveLength(1);
    expect(keptKeys()).toEqual([]);
    proven('a batch that CloudFront does not take in the function’s time comes again, and is purged once', BY);
  });

  it('keeps what CloudFront refuses, and purges it when it is asked to', async () => {
    const event = await revalidate('posts');
    refuse('InvalidArgument');
    expect(await purge.invoke(event)).toMatchObject({ body: { batchItemFailures: [] } });
    expect(keptKeys()).toHaveLength(1);
    accept();
    expect(await purge.invoke({ replay: true })).toMatchObject({ body: { replayed: 1, left: 0 } });
    expect(keptKeys()).toEqual([]);
    expect(purged()).toContain(`#${edgeTagOf('posts')}`);
    proven('what CloudFront refuses is kept, and replayed by the command in the stack’s outputs', BY);
  });

  it('purges all pages after a deployment; while CloudFront is busy it fails, so that Lambda tries again, and keeps it in the end', async () => {
    expect(await purge.invoke(deployment(new Date()))).toMatchObject({ kind: 'response', body: null });
    expect(purged()).toEqual([`#${EdgeTag.PAGE}`]);
    refuse('Throttling');
    const failed = await purge.invoke(deployment(new Date()), SHORT);
    expect(failed.kind).toBe('error');
    expect(failed.body).toMatchObject({
      errorType: 'Error',
      errorMessage: expect.stringContaining('CloudFront') as string,
    });
    const last = deployment(new Date(Date.now() - 3_600_000));
    expect(await purge.invoke(last, SHORT)).toMatchObject({ kind: 'response', body: null });
    expect(keptKeys()).toHaveLength(1);
    proven('ECS’ event of a completed deployment purges all pages, or is kept', BY);
  });

  it('leaves other states of a deployment, and what it does not know, alone', async () => {
    const failed = deployment(new Date(), 'SERVICE_DEPLOYMENT_FAILED');
    for (const event of [failed, { hello: 'world' }]) {
      expect(await purge.invoke(event)).toMatchObject({ kind: 'response', body: null });
    }
    expect(purged()).toEqual([]);
  });

  it('takes the largest batch that the mapping hands over within its memory: all pages in place of its tags', async () => {
    const { Records } = await revalidate('posts');
    const [record] = Records;
    const { BatchSize: size } = account.stack.ofType('AWS::Lambda::EventSourceMapping')[0]?.properties ?? {};
    const batch = Array.from({ length: Number(size) }, (_, index) => record && renamed(record, `tag-${index}`));
    expect(await purge.invoke({ Records: batch })).toMatchObject({ body: { batchItemFailures: [] } });
    expect(purged()).toEqual([`#${EdgeTag.PAGE}`]);
    expect(purge.peakMemory).toBeLessThan(account.definition(PURGE).memorySize);
  });

  it('says which variable is missing', async () => {
    const broken = await account.run(PURGE, { NEXTJS_PURGE_DISTRIBUTION: '' });
    const { kind, body } = await broken.invoke(await revalidate('posts'));
    expect(kind).toBe('error');
    expect(body).toMatchObject({
      errorMessage: expect.stringContaining('NEXTJS_PURGE_DISTRIBUTION is not set') as string,
    });
  });

  it('may do what it does, and nothing else', async () => {
    const event = await revalidate('posts');
    refuse('InvalidArgument');
    await purge.invoke(event);
    accept();
    await purge.invoke({ replay: true });
    expect(account.refused).toEqual([]);
    const forLambda = account.policy(PURGE).unneeded.map(({ action }) => action);
    // It logs, and reads the stream, in the function's name.
    expect(forLambda).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'dynamodb:DescribeStream',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
    ]);

    const elsewhere = await account.run(PURGE, { NEXTJS_PURGE_DISTRIBUTION: 'EANOTHERSITES' });
    await elsewhere.invoke(event, SHORT);
    expect(account.refused[0]?.action).toBe('cloudfront:CreateInvalidation');
    proven(
      'least privilege of the purge: every grant is needed, and no call lacks one',
      'an evaluation of the role’s policy at each call',
    );
  });
});

/** As DynamoDB would have told of it at that time; by default longer ago than any task lags. */
function aged(record: StreamRecord, at = Date.now() - 60_000): StreamRecord {
  const ApproximateCreationDateTime = Math.floor(at / 1000);
  return { ...record, dynamodb: { ...record.dynamodb, ApproximateCreationDateTime } };
}

function renamed(record: StreamRecord, tag: string): StreamRecord {
  const { Keys: keys, NewImage: image } = record.dynamodb;
  const sk = { S: tag };
  return { ...record, dynamodb: { ...record.dynamodb, Keys: { ...keys, sk }, NewImage: { ...image, sk } } };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
function deployment(time: Date, eventName = 'SERVICE_DEPLOYMENT_COMPLETED') {
  return {
    version: '0',
    id: `ddca6449-b258-46c0-8653-${time.getTime().toString(16).padStart(12, '0')}`,
    'detail-type': 'ECS Deployment State Change',
    source: 'aws.ecs',
    account: '111122223333',
    time: time.toISOString(),
    region: 'us-west-2',
    resources: ['arn:aws:ecs:us-west-2:111122223333:service/default/servicetest'],
    detail: {
      eventType: 'INFO',
      eventName,
      deploymentId: 'ecs-svc/123',
      updatedAt: time.toISOString(),
      reason: 'ECS deployment deploymentID completed.',
    },
  };
}
