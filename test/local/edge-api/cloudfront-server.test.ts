import {
  CloudFrontClient,
  CreateInvalidationCommand,
  GetInvalidationCommand,
  ListInvalidationsCommand,
} from '@aws-sdk/client-cloudfront';
import { describe, expect, it, onTestFinished } from 'vitest';

import { CloudFrontServer, type CloudFrontServerOptions } from '../../../local/edge-api';
import { CallLog } from '../../../local/stores';
import { until } from '../fleet/support';

const DistributionId = 'E1SHOP';

async function startServer(options: Partial<CloudFrontServerOptions> = {}) {
  const invalidated: (readonly string[])[] = [];
  const calls = new CallLog();
  const server = await CloudFrontServer.start({
    distributions: () => [DistributionId],
    invalidate: (_id, items) => invalidated.push(items),
    delay: 0,
    calls,
    ...options,
  });
  const client = new CloudFrontClient({
    region: 'us-east-1',
    endpoint: server.endpoint,
    credentials: { accessKeyId: 'purge', secretAccessKey: 'local' },
    maxAttempts: 1,
  });
  onTestFinished(async () => {
    client.destroy();
    await server.close();
  });
  const create = (items: string[], CallerReference = items.join(), id = DistributionId) =>
    client.send(
      new CreateInvalidationCommand({
        DistributionId: id,
        InvalidationBatch: { CallerReference, Paths: { Quantity: items.length, Items: items } },
      }),
    );
  return { server, client, create, invalidated, calls };
}

describe('CloudFront’s control API', () => {
  it('invalidates paths, wildcards and tags at the edge', async () => {
    const { create, server, invalidated, calls } = await startServer();
    const { Invalidation, Location } = await create(['/a?b=<c>', '/blog/*', '#ab12']);
    expect(Invalidation).toMatchObject({
      Status: 'InProgress',
      InvalidationBatch: { Paths: { Quantity: 3, Items: ['/a?b=<c>', '/blog/*', '#ab12'] } },
    });
    expect(Location).toContain(`/distribution/${DistributionId}/invalidation/${Invalidation?.Id ?? ''}`);
    await until(() => server.inProgress === 0);
    expect(invalidated).toEqual([['/a?b=<c>', '/blog/*', '#ab12']]);
    expect(calls.snapshot()).toEqual({ cloudfront: { CreateInvalidation: 1 } });
  });

  it('tells an invalidation’s progress', async () => {
    const { create, client, server } = await startServer();
    const Id = (await create(['/'])).Invalidation?.Id;
    await until(() => server.inProgress === 0);
    const { Invalidation } = await client.send(new GetInvalidationCommand({ DistributionId, Id }));
    expect(Invalidation).toMatchObject({ Id, Status: 'Completed' });
  });

  it('has no effect before its delay is over', async () => {
    const { create, server, invalidated } = await startServer({ delay: 3_600_000 });
    await create(['/']);
    expect([server.inProgress, invalidated]).toEqual([1, []]);
  });

  it('lists invalidations, the latest first, in pages', async () => {
    const { create, client } = await startServer();
    const ids = [];
    for (const path of ['/1', '/2', '/3']) ids.unshift((await create([path])).Invalidation?.Id);
    const first = await client.send(new ListInvalidationsCommand({ DistributionId, MaxItems: 2 }));
    const { NextMarker: Marker } = first.InvalidationList ?? {};
    const second = await client.send(new ListInvalidationsCommand({ DistributionId, MaxItems: 2, Marker }));
    const pages = [first, second].map(({ InvalidationList }) => InvalidationList?.Items?.map((item) => item.Id));
    expect(pages).toEqual([ids.slice(0, 2), ids.slice(2)]);
    expect([first, second].map(({ InvalidationList }) => InvalidationList?.IsTruncated)).toEqual([true, false]);
  });

  it('takes a repeated request for the one it knows', async () => {
    const { create, server, invalidated } = await startServer();
    const first = await create(['#a'], 'once');
    await until(() => server.inProgress === 0);
    const second = await create(['#a'], 'once');
    expect(second.Invalidation?.Id).toBe(first.Invalidation?.Id);
    expect(invalidated).toHaveLength(1);
    await expect(create(['#b'], 'once')).rejects.toMatchObject({ name: 'InvalidationBatchAlreadyExists' });
  });

  it.each([
    [['no-slash'], 'InvalidArgument'],
    [['#with,comma'], 'InvalidArgument'],
    [['# '], 'InvalidArgument'],
    [[], 'InvalidArgument'],
  ])('refuses %j', async (items, name) => {
    const { create } = await startServer();
    await expect(create(items)).rejects.toMatchObject({ name });
  });

  it('refuses what is not consistent or nowhere', async () => {
    const { create, client } = await startServer();
    await expect(create(['/'], 'x', 'E0')).rejects.toMatchObject({ name: 'NoSuchDistribution' });
    const Paths = { Quantity: 2, Items: ['/'] };
    await expect(
      client.send(
        new CreateInvalidationCommand({ DistributionId, InvalidationBatch: { CallerReference: 'y', Paths } }),
      ),
    ).rejects.toMatchObject({ name: 'InconsistentQuantities' });
    await expect(client.send(new GetInvalidationCommand({ DistributionId, Id: 'I0' }))).rejects.toMatchObject({
      name: 'NoSuchInvalidation',
    });
  });

  it('refuses an unsigned request', async () => {
    const { server } = await startServer();
    const answer = await fetch(`${server.endpoint}/2020-05-31/distribution/${DistributionId}/invalidation`);
    expect(answer.status).toBe(403);
  });

  it('refuses what is over the quota of 150 items and one wildcard a second, until the second is over', async () => {
    let now = 1_000_000;
    const { create } = await startServer({ now: () => now });
    const tags = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `#${prefix}${index}`);
    await create(tags('a', 150));
    await expect(create(['#b'])).rejects.toMatchObject({ name: 'TooManyInvalidationsInProgress' });
    now += 1000;
    await create(['/x/*']);
    await expect(create(['/y/*'])).rejects.toMatchObject({ name: 'TooManyInvalidationsInProgress' });
    await create(tags('c', 10));
    now += 1000;
    await create(['/y/*']);
    await expect(create(tags('d', 3001))).rejects.toMatchObject({ name: 'BatchTooLarge' });
  });

  it('refuses on demand', async () => {
    const { create, server, invalidated } = await startServer();
    server.calls.interceptor = () => ({
      kind: 'error',
      statusCode: 400,
      code: 'TooManyInvalidationsInProgress',
      message: 'refused by the test',
    });
    await expect(create(['/'])).rejects.toMatchObject({ name: 'TooManyInvalidationsInProgress' });
    server.calls.interceptor = undefined;
    await create(['/']);
    await until(() => server.inProgress === 0);
    expect(invalidated).toHaveLength(1);
  });
});
