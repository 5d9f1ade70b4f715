import { DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { PurgeMetric, type RevalidationTarget, Table } from '../../../contract';
import { prepareAssets } from '../../fixtures/prepare';
import { NEWEST_VERSION } from '../../fixtures/versions';
import { PackedApp } from '../../runtime/server/packed-app';
import { REPRESENTATIONS } from '../checks/representations';
import { readForm, sendForm } from '../form';
import { PurgedSite, type Viewed } from './purged-site';

const TOOL = path.resolve(import.meta.dirname, '../../../dist/bin/cdk-nextjs-ecs.js');
const HIT = 'Hit from cloudfront';
const A_YEAR = 's-maxage=31536000';
/** Fewer than the 1,000 a second that a partition of DynamoDB takes, so that they are too few also for tasks on a busy machine. */
const WRITE_UNITS = 400;
/** CloudFront's quota. */
const ITEMS_A_SECOND = 150;
const OTHERS = Array.from({ length: 200 }, (_, index) => `/lasting/other-${index}`);

/** How content is revalidated, of the page `/lasting/<key>`. */
const WAYS: Readonly<Record<string, (site: PurgedSite, key: string) => Promise<unknown>>> = {
  'revalidateTag(tag, { expire: 0 })': (site, key) => site.revalidate({ tags: [`lasting:${key}`] }),
  revalidatePath: (site, key) => site.revalidate({ path: `/lasting/${key}` }),
  updateTag: async (site, key) =>
    sendForm(await readForm(`${site.stack.url}/actions`, 'id="revalidate"'), { tag: `lasting:${key}` }),
  'res.revalidate()': async (site, key) =>
    fetch(`${site.replica(1)}/api/legacy-revalidate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ path: `/lasting/${key}` }),
    }),
  'the command line': async (site, key) => {
    const child = spawn(process.execPath, [
      TOOL,
      'revalidate',
      '--local',
      site.stack.control,
      '--tag',
      `lasting:${key}`,
    ]);
    expect(await once(child, 'close')).toEqual([0, null]);
  },
};

describe('a page that the edge may keep for a year', () => {
  let app: PackedApp;
  let site: PurgedSite;

  beforeAll(async () => {
    await prepareAssets();
    app = await PackedApp.pack(NEWEST_VERSION);
    site = await PurgedSite.start(app, { partitionWriteUnits: WRITE_UNITS });
    for (const other of OTHERS) await untilKept(other);
    return async () => {
      await site.stop();
      await app.remove();
    };
  });

  afterEach(() => {
    site.stack.intercept(undefined);
  });

  /** Its page, its payload and its prefetch are at the edge. Fulfilled with what they are. */
  const untilAllKept = (target: string): Promise<Viewed[]> =>
    Promise.all(REPRESENTATIONS.map((headers) => untilKept(target, headers)));

  const untilKept = (target: string, headers: Readonly<Record<string, string>> = {}): Promise<Viewed> =>
    vi.waitFor(
      async () => {
        const seen = await site.view(target, headers);
        expect([seen.status, seen.edge, seen.cacheControl]).toEqual([200, HIT, expect.stringContaining(A_YEAR)]);
        return seen;
      },
      { timeout: 30_000, interval: 50 },
    );

  const show = (target: string): Promise<Viewed[]> =>
    Promise.all(REPRESENTATIONS.map((headers) => site.view(target, headers)));

  it.each(Object.keys(WAYS))(
    'is new for the next request after a purge by %s, and nothing else is purged',
    async (way) => {
      const key = `way-${Object.keys(WAYS).indexOf(way)}`;
      const before = await untilAllKept(`/lasting/${key}`);
      await WAYS[way]?.(site, key);
      await site.stack.settled();
      for (const [index, { status, edge, body }] of (await show(`/lasting/${key}`)).entries()) {
        expect([status, edge]).toEqual([200, 'Miss from cloudfront']);
        expect(body).not.toBe(before[index]?.body);
        expect(renderIdOf(body)).not.toBe(renderIdOf(before[index]?.body ?? ''));
      }
      const others = await Promise.all(OTHERS.map((other) => site.view(other)));
      expect(others.filter(({ edge }) => edge !== HIT)).toEqual([]);
    },
  );

  it("is new after a revalidation with 'max' as soon as it is regenerated", async () => {
    const before = await untilAllKept('/lasting/stale');
    await site.revalidate({ tags: ['lasting:stale'], profile: 'max' });
    await site.stack.settled();
    const after = await untilAllKept('/lasting/stale');
    expect(after.map(({ body }) => renderIdOf(body))).not.toContain(renderIdOf(before[0]?.body ?? ''));
  });

  it('is new although CloudFront refuses for a while and the function is killed in the middle of a batch', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `refused-${index}`);
    const before = await Promise.all(keys.map((key) => untilKept(`/lasting/${key}`)));
    let refusals = 0;
    site.stack.intercept(({ service }) => {
      if (service !== 'cloudfront') return undefined;
      refusals += 1;
      return { kind: 'error', statusCode: 400, code: 'TooManyInvalidationsInProgress', message: 'later' };
    });
    for (const key of keys) await site.revalidate({ tags: [`lasting:${key}`] });
    await vi.waitUntil(() => refusals > 0, { timeout: 30_000 });
    site.crashPurge();
    await vi.waitUntil(() => refusals > 2, { timeout: 60_000 });
    site.stack.intercept(undefined);
    await site.stack.settled();
    const after = await Promise.all(keys.map((key) => site.view(`/lasting/${key}`)));
    expect(after.map(({ edge }) => edge)).toEqual(keys.map(() => 'Miss from cloudfront'));
    expect(after.map(({ body }) => body)).not.toEqual(expect.arrayContaining(before.map(({ body }) => body)));
    expect(site.metric(PurgeMetric.KEPT)).toBe(0);
  });

  it('is new when 5,000 tags are revalidated at once, which the table throttles, by a purge of all pages', async () => {
    const keys = Array.from({ length: 10 }, (_, index) => `among-${index}`);
    const tags = Array.from({ length: 5000 }, (_, index) =>
      index % 500 === 0 ? `lasting:among-${index / 500}` : `thousands:${index}`,
    );
    const pages = keys.map((key) => `/lasting/${key}`);
    const before = await Promise.all(pages.map((page) => untilKept(page)));
    const [lines, retries] = [site.lines.length, site.metric(PurgeMetric.RETRIES)];

    await site.revalidate({ tags });
    await site.stack.settled();

    expect(await countRows(site, tags)).toBe(5000);
    const old = new Set(before.map(({ body }) => renderIdOf(body)));
    for (const [index, page] of pages.entries()) {
      const edge = await site.view(page);
      const replicas = await Promise.all([0, 1, 2].map((replica) => site.view(page, {}, site.replica(replica))));
      expect(edge.edge, page).toBe('Miss from cloudfront');
      for (const { body } of [edge, ...replicas]) expect(old, `${page} ${index}`).not.toContain(renderIdOf(body));
    }
    expect(site.purged).toContain('#page');
    expect([site.metric(PurgeMetric.KEPT), site.metric(PurgeMetric.RETRIES)]).toEqual([0, retries]);
    expect(mostItemsASecond(site)).toBeLessThanOrEqual(ITEMS_A_SECOND);
    expect(site.lines.length - lines).toBeLessThan(60);
  });
});

/** How many of the tags have a row. */
async function countRows({ stack }: PurgedSite, tags: readonly string[]): Promise<number> {
  const { endpoint } = stack.state.stores.dynamodb;
  const { table, site } = JSON.parse(String(Object.values(stack.state.outputs).find(isTarget))) as RevalidationTarget;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials });
  const wanted = new Set(tags);
  const pages = paginateQuery(
    { client },
    {
      TableName: table,
      KeyConditionExpression: '#partition = :partition',
      ExpressionAttributeNames: { '#partition': Table.PARTITION_KEY },
      ExpressionAttributeValues: { ':partition': { S: `${site}#tag` } },
    },
  );
  let count = 0;
  for await (const { Items = [] } of pages) {
    count += Items.filter((item) => wanted.has(item[Table.SORT_KEY]?.S ?? '')).length;
  }
  client.destroy();
  return count;
}

function isTarget(output: unknown): boolean {
  return typeof output === 'string' && output.includes('tagShards');
}

/** The most items that CloudFront has taken within a second. */
function mostItemsASecond({ stack }: PurgedSite): number {
  const taken = stack.invalidations.map(({ createTime, items }) => ({
    at: Date.parse(createTime),
    count: items.length,
  }));
  const within = (start: number) => taken.filter(({ at }) => at >= start && at < start + 1000);
  return Math.max(...taken.map(({ at }) => within(at).reduce((sum, { count }) => sum + count, 0)));
}

function renderIdOf(body: string): string | undefined {
  return /data-render-id\\?"[=:]\\?"([^"\\]+)/.exec(body)?.[1] ?? /data-render-id="([^"]+)"/.exec(body)?.[1];
}
