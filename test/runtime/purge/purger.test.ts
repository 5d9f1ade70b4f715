import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { edgeTagOf } from '../../../runtime/http/cache-tags';
import { BROKEN, INVALID, THROTTLED, TOO_MANY } from './cloudfront';
import { World } from './fixture';

const COARSE = '#coarse';
const PAGES = '#page';
const itemOf = (tag: string) => `#${edgeTagOf(tag)}`;
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `tag-${index}`);

describe('a batch of revalidations', () => {
  it('is one invalidation of each tag once, and of the tag of answers with too many of them', async () => {
    const world = await World.start();
    await world.revalidate(['product', 'Product', '_N_T_/shop/page', 'product']);
    expect(await world.invoke({ Records: world.takeRecords() })).toEqual({ batchItemFailures: [] });
    expect(world.cloudFront.taken.map(({ items }) => items)).toEqual([
      [itemOf('product'), itemOf('Product'), itemOf('_N_T_/shop/page'), COARSE],
    ]);
    expect(world.total('purge.tags')).toBe(3);
    expect(world.total('purge.items')).toBe(4);
    expect(world.total('purge.invalidations')).toBe(1);
  });

  it('goes to the edge only after every task has heard of it, counted from the record, whose time is rounded down', async () => {
    const world = await World.start({ wait: 4000 });
    await world.revalidate(['a']);
    const written = world.clock.now();
    const records = world.takeRecords();
    await world.clock.sleep(2000);
    await world.invoke({ Records: records });
    const [invalidation] = world.cloudFront.taken;
    expect(invalidation?.at).toBeGreaterThanOrEqual(written + 4000);
    expect(invalidation?.at).toBeLessThan(written + 4000 + 1000);
    expect(world.total('purge.lag')).toBeGreaterThanOrEqual(4000);
  });

  it('waits for no longer than if it had been written when it came, whatever the clocks say', async () => {
    const world = await World.start({ wait: 4000 });
    await world.revalidate(['a']);
    const records = world.takeRecords().map((record) => ({
      ...record,
      dynamodb: { ...record.dynamodb, ApproximateCreationDateTime: record.dynamodb.ApproximateCreationDateTime + 3600 },
    }));
    const received = world.clock.now();
    await world.invoke({ Records: records });
    expect(world.cloudFront.taken[0]?.at).toBe(received + 4000);
  });

  it('does not wait for what is old', async () => {
    const world = await World.start({ wait: 4000 });
    await world.revalidate(['a']);
    await world.clock.sleep(60_000);
    const received = world.clock.now();
    await world.invoke({ Records: world.takeRecords() });
    expect(world.cloudFront.taken[0]?.at).toBe(received);
  });

  it('has the tags of all partitions, and neither leases nor other sites nor removed rows', async () => {
    const world = await World.start();
    await world.revalidate(['a', 'b', 'c'], 'shop', 8);
    await world.revalidate(['other'], 'shop2');
    await world.client.send(
      new PutItemCommand({ TableName: 'rows', Item: { pk: { S: 'shop#lease#k' }, sk: { S: 'k' } } }),
    );
    const [first, ...records] = world.takeRecords();
    if (first === undefined) throw new Error('no record');
    await world.invoke({ Records: [{ ...first, eventName: 'REMOVE' }, ...records] });
    expect(world.cloudFront.items.sort()).toEqual([itemOf('b'), itemOf('c'), COARSE].sort());
  });

  it('without a tag of the site calls nobody and waits for nobody', async () => {
    const world = await World.start();
    await world.revalidate(['other'], 'elsewhere');
    const before = world.clock.now();
    expect(await world.invoke({ Records: world.takeRecords() })).toEqual({ batchItemFailures: [] });
    expect([world.cloudFront.calls, world.clock.now() - before]).toEqual([0, 0]);
  });

  it('names a tag that is too long to be a key', async () => {
    const world = await World.start();
    const tag = 'x'.repeat(2000);
    await world.revalidate([tag]);
    await world.invoke({ Records: world.takeRecords() });
    expect(world.cloudFront.items).toContain(itemOf(tag));
  });

  it('of too many tags is one purge of all pages, which is counted', async () => {
    const world = await World.start({ mostTags: 10 });
    await world.putRows(numbered(11));
    await world.invoke({ Records: world.takeRecords() });
    expect(world.cloudFront.items).toEqual([PAGES]);
    expect(world.total('purge.allPages')).toBe(1);
    expect(world.total('purge.tags')).toBe(11);
  });
});

describe("CloudFront's quota", () => {
  it('is kept by calls of at most 150 items a second, in the order of the revalidations', async () => {
    const world = await World.start();
    const tags = numbered(500);
    await world.putRows(tags);
    await world.invoke({ Records: world.takeRecords() });
    expect(world.cloudFront.items).toEqual([...tags.map(itemOf), COARSE]);
    expect(world.cloudFront.overQuota).toBe(0);
    expect(world.cloudFront.calls).toBe(4);
  });

  it('is kept although one call takes longer to get there than the next', async () => {
    const world = await World.start();
    const { clock, cloudFront } = world;
    cloudFront.refuse = () => {
      void clock.sleep(cloudFront.calls % 2 === 1 ? 900 : 0);
      return undefined;
    };
    await world.putRows(numbered(500));
    await world.invoke({ Records: world.takeRecords() });
    expect([cloudFront.calls, cloudFront.overQuota]).toEqual([4, 0]);
  });

  it('lets 5,000 tags at once reach the edge within 30 seconds, with one page of log', async () => {
    const world = await World.start({ wait: 4000 });
    const { clock, cloudFront } = world;
    const began = clock.now();
    const writtenAt = new Map<string, number>();
    // One partition takes 1,000 write units a second, and a row with its index costs three.
    const unwritten = numbered(5000);
    clock.onSleep = async () => {
      const due = Math.floor(((clock.now() - began) / 1000) * 333) - writtenAt.size;
      const tags = unwritten.splice(0, Math.max(0, due));
      await world.putRows(tags);
      for (const tag of tags) writtenAt.set(tag, clock.now());
    };
    while (unwritten.length > 0 || world.records.length > 0) {
      await clock.sleep(1000);
      if (world.records.length > 0) await world.deliver(world.takeRecords());
    }
    const pagesAt = cloudFront.taken.filter(({ items }) => items.includes(PAGES)).map(({ at }) => at);
    const itemsAt = new Map(cloudFront.taken.flatMap(({ items, at }) => items.map((item) => [item, at] as const)));
    const late = [...writtenAt].filter(([tag, written]) => {
      const purges = [...pagesAt, itemsAt.get(itemOf(tag)) ?? 0];
      return !purges.some((at) => at >= written + 4000 && at <= began + 30_000);
    });
    expect(late).toEqual([]);
    expect([writtenAt.size, world.total('purge.tags'), cloudFront.overQuota]).toEqual([5000, 5000, 0]);
    expect(world.lines.length).toBeLessThan(40);
  });

  it('of 5,000 tags in one batch needs a single item', async () => {
    const world = await World.start();
    await world.revalidate(['a']);
    const [record] = world.takeRecords();
    if (record === undefined) throw new Error('no record');
    const { dynamodb } = record;
    const Records = numbered(5000).map((tag, position) => ({
      ...record,
      dynamodb: { ...dynamodb, Keys: { ...dynamodb.Keys, sk: { S: tag } }, SequenceNumber: String(position) },
    }));
    await world.invoke({ Records });
    expect(world.cloudFront.items).toEqual([PAGES]);
    expect(world.total('purge.tags')).toBe(5000);
    expect(world.lines).toHaveLength(1);
  });
});

describe('a CloudFront that refuses', () => {
  it.each([
    TOO_MANY,
    THROTTLED,
    BROKEN,
    { status: 503, code: 'ServiceUnavailable' },
    { status: 403, code: 'AccessDenied' },
  ])('with $code is asked again', async (refusal) => {
    const world = await World.start();
    let refusals = 3;
    world.cloudFront.refuse = () => (refusals-- > 0 ? refusal : undefined);
    await world.revalidate(['a']);
    expect(await world.invoke({ Records: world.takeRecords() })).toEqual({ batchItemFailures: [] });
    expect(world.cloudFront.items).toEqual([itemOf('a'), COARSE]);
    expect(world.total('purge.retries')).toBe(3);
  });

  it('for five minutes loses nothing and turns no order round', async () => {
    const world = await World.start();
    const end = world.clock.now() + 300_000;
    world.cloudFront.refuse = () => (world.clock.now() < end ? TOO_MANY : undefined);
    const tags = numbered(400);
    await world.putRows(tags);
    const invocations = await world.deliver(world.takeRecords());
    expect(invocations).toBeGreaterThan(1);
    expect(world.cloudFront.items).toEqual([...tags.map(itemOf), COARSE]);
    expect(world.keptKeys()).toEqual([]);
    expect(world.total('purge.lag')).toBeGreaterThanOrEqual(300_000);
  });

  it('in the middle of a batch is given the rest again, from the first record that is not done', async () => {
    const world = await World.start();
    await world.putRows(numbered(400));
    const records = world.takeRecords();
    world.cloudFront.refuse = () => (world.cloudFront.taken.length >= 1 ? TOO_MANY : undefined);
    expect(await world.invoke({ Records: records })).toEqual({
      batchItemFailures: [{ itemIdentifier: records[150]?.dynamodb.SequenceNumber }],
    });
    world.cloudFront.refuse = () => undefined;
    await world.invoke({ Records: records.slice(150) });
    expect(world.cloudFront.items).toEqual([...numbered(400).map(itemOf), COARSE]);
    expect(world.total('purge.tags')).toBe(400);
  });

  it('for longer than records are worth waiting for has them kept, and the next ones get their turn', async () => {
    const world = await World.start({ keepAfter: 3_600_000 });
    world.cloudFront.refuse = () => BROKEN;
    await world.revalidate(['a', 'b']);
    const invocations = await world.deliver(world.takeRecords());
    expect(invocations).toBeGreaterThan(10);
    expect(world.keptKeys()).toHaveLength(1);
    expect(world.total('purge.kept')).toBe(2);
    world.cloudFront.refuse = () => undefined;
    await world.revalidate(['c']);
    await world.deliver(world.takeRecords());
    expect(world.cloudFront.items).toEqual([itemOf('c'), COARSE]);
    expect(await world.invoke({ replay: true })).toEqual({ replayed: 1, left: 0 });
    expect(world.cloudFront.items).toEqual([itemOf('c'), COARSE, itemOf('a'), itemOf('b'), COARSE]);
    expect(world.keptKeys()).toEqual([]);
  });

  it('and does not take one item gets all the others, and that record is kept', async () => {
    const world = await World.start();
    const poison = itemOf('tag-77');
    world.cloudFront.refuse = (items) => (items.includes(poison) ? INVALID : undefined);
    await world.putRows(numbered(200));
    expect(await world.invoke({ Records: world.takeRecords() })).toEqual({ batchItemFailures: [] });
    const expected = numbered(200)
      .map(itemOf)
      .filter((item) => item !== poison);
    expect(world.cloudFront.items).toEqual([...expected, COARSE]);
    expect(world.total('purge.kept')).toBe(1);
    expect(world.total('purge.tags')).toBe(199);
  });
});

describe('a record that cannot be understood', () => {
  it('is kept, and the others are purged', async () => {
    const world = await World.start();
    await world.revalidate(['a', 'b']);
    const [first, second] = world.takeRecords();
    const broken = [
      { eventName: 'MODIFY', dynamodb: { Keys: { pk: { S: 'shop#tag' } } } },
      null,
      { eventName: 'INSERT' },
    ];
    const result = await world.invoke({ Records: [first, ...broken, second] });
    expect(result).toEqual({ batchItemFailures: [] });
    expect(world.cloudFront.items).toEqual([itemOf('a'), itemOf('b'), COARSE]);
    expect(world.total('purge.kept')).toBe(3);
    expect(world.lines.join('\n')).toContain('unreadable');
    // It is not understood later either, and stays for people.
    expect(await world.invoke({ replay: true })).toEqual({ replayed: 0, left: 1 });
    expect(world.keptKeys()).toHaveLength(1);
  });
});

describe('a record that cannot be understood, behind what CloudFront does not take yet', () => {
  it('is kept once', async () => {
    const world = await World.start();
    const end = world.clock.now() + 400_000;
    world.cloudFront.refuse = () => (world.clock.now() < end ? TOO_MANY : undefined);
    await world.revalidate(['a', 'b']);
    const [first, second] = world.takeRecords();
    if (first === undefined || second === undefined) throw new Error('no records');
    const broken = { ...second, dynamodb: { ...second.dynamodb, Keys: {} } };
    expect(await world.deliver([first, broken, second])).toBe(2);
    expect(world.keptKeys()).toHaveLength(1);
    expect(world.cloudFront.items).toEqual([itemOf('a'), itemOf('b'), COARSE]);
  });
});

describe('a function that crashes in the middle of a batch', () => {
  it('purges nothing twice when the batch comes again', async () => {
    const world = await World.start();
    const tags = numbered(400);
    await world.putRows(tags);
    const records = world.takeRecords();
    // The process is gone after CloudFront has taken the second call.
    world.clock.onSleep = () =>
      world.cloudFront.taken.length === 2 ? Promise.reject(new Error('crash')) : Promise.resolve();
    await expect(world.invoke({ Records: records })).rejects.toThrow('crash');
    world.clock.onSleep = () => Promise.resolve();
    world.restart();
    await world.clock.sleep(2000);
    await world.invoke({ Records: records });
    expect(world.cloudFront.items).toEqual([...tags.map(itemOf), COARSE]);
    expect(world.cloudFront.repeated).toBe(2);
  });

  it('loses nothing when the batch comes again in halves', async () => {
    const world = await World.start();
    const tags = numbered(400);
    await world.putRows(tags);
    let crashes = 3;
    world.clock.onSleep = () =>
      world.cloudFront.taken.length > 0 && crashes-- > 0 ? Promise.reject(new Error('crash')) : Promise.resolve();
    await world.deliver(world.takeRecords());
    expect(new Set(world.cloudFront.items)).toEqual(new Set([...tags.map(itemOf), COARSE]));
  });

  it('purges again what was revalidated again', async () => {
    const world = await World.start();
    for (let round = 0; round < 2; round += 1) {
      await world.revalidate(['a']);
      await world.invoke({ Records: world.takeRecords() });
    }
    expect(world.cloudFront.items).toEqual([itemOf('a'), COARSE, itemOf('a'), COARSE]);
    expect(world.cloudFront.repeated).toBe(0);
  });

  it('is content with a CloudFront that knows the reference already, whatever it calls that', async () => {
    const world = await World.start();
    world.cloudFront.refuse = () => ({
      status: 400,
      code: 'InvalidArgument',
      message: 'Your request contains a caller reference that was used for a previous invalidation batch.',
    });
    await world.revalidate(['a']);
    expect(await world.invoke({ Records: world.takeRecords() })).toEqual({ batchItemFailures: [] });
    expect([world.cloudFront.calls, world.keptKeys().length]).toEqual([1, 0]);
  });
});

describe('a deployment', () => {
  const event = (eventName: string) => ({
    version: '0',
    id: 'ddca6449-b258-46c0-8653-e0e3a6d0468b',
    'detail-type': 'ECS Deployment State Change',
    source: 'aws.ecs',
    account: '000000000000',
    time: '2026-01-01T00:00:00Z',
    region: 'us-east-1',
    resources: ['arn:aws:ecs:us-east-1:000000000000:service/default/site'],
    detail: {
      eventType: 'INFO',
      eventName,
      deploymentId: 'ecs-svc/123',
      updatedAt: '2026-01-01T00:00:00Z',
      reason: 'ECS deployment deploymentID completed.',
    },
  });

  it('that is complete purges the tag that every page carries, once however often it is told', async () => {
    const world = await World.start();
    await world.invoke(event('SERVICE_DEPLOYMENT_COMPLETED'));
    await world.invoke(event('SERVICE_DEPLOYMENT_COMPLETED'));
    expect(world.cloudFront.items).toEqual([PAGES]);
    expect(world.total('purge.deployments')).toBe(2);
  });

  it('that is not complete purges nothing', async () => {
    const world = await World.start();
    await world.invoke(event('SERVICE_DEPLOYMENT_IN_PROGRESS'));
    await world.invoke(event('SERVICE_DEPLOYMENT_FAILED'));
    expect(world.cloudFront.calls).toBe(0);
  });

  it('fails for Lambda to try again while CloudFront refuses, and at last is kept and can be replayed', async () => {
    const world = await World.start();
    world.cloudFront.refuse = () => TOO_MANY;
    await expect(world.invoke(event('SERVICE_DEPLOYMENT_COMPLETED'))).rejects.toThrow(/did not take the purge/);
    await expect(world.invoke(event('SERVICE_DEPLOYMENT_COMPLETED'))).rejects.toThrow(/did not take the purge/);
    await world.invoke(event('SERVICE_DEPLOYMENT_COMPLETED'));
    expect(world.total('purge.kept')).toBe(1);
    world.cloudFront.refuse = () => undefined;
    expect(await world.invoke({ replay: true })).toEqual({ replayed: 1, left: 0 });
    expect(world.cloudFront.items).toEqual([PAGES]);
  });
});

describe('a replay', () => {
  it("takes what Lambda's failure destinations have kept, of streams and of asynchronous events", async () => {
    const world = await World.start();
    await world.revalidate(['a']);
    const payload = { Records: world.takeRecords() };
    const context = { requestContext: { condition: 'RetryAttemptsExhausted' }, version: '1.0' };
    world.putKept('aws/lambda/uuid/shardId-1/2026/01/01/one', { ...context, payload });
    await world.revalidate(['b']);
    const text = JSON.stringify({ Records: world.takeRecords() });
    world.putKept('aws/lambda/uuid/shardId-1/2026/01/01/two', { ...context, payload: text });
    world.putKept('aws/lambda/async/three', {
      ...context,
      requestPayload: {
        id: '1',
        time: '2026-01-01T00:00:00Z',
        'detail-type': 'ECS Deployment State Change',
        detail: { eventName: 'SERVICE_DEPLOYMENT_COMPLETED' },
      },
    });
    expect(await world.invoke({ replay: true })).toEqual({ replayed: 3, left: 0 });
    expect(world.cloudFront.items.sort()).toEqual([itemOf('a'), COARSE, itemOf('b'), COARSE, PAGES].sort());
  });

  it('leaves what CloudFront does not take yet', async () => {
    const world = await World.start({ keepAfter: 0 });
    world.cloudFront.refuse = () => BROKEN;
    await world.revalidate(['a']);
    await world.deliver(world.takeRecords());
    expect(await world.invoke({ replay: true })).toEqual({ replayed: 0, left: 1 });
    expect(world.keptKeys()).toHaveLength(1);
  });

  it('of nothing is nothing', async () => {
    const world = await World.start();
    expect(await world.invoke({ replay: true })).toEqual({ replayed: 0, left: 0 });
  });
});
