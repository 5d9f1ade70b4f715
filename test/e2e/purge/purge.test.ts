import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { PurgeMetric } from '../../../contract';
import { prepareAssets } from '../../fixtures/prepare';
import { NEWEST_VERSION } from '../../fixtures/versions';
import { PackedApp } from '../../runtime/server/packed-app';
import { readForm, sendForm } from '../form';
import { REPRESENTATIONS } from './lane';
import { PurgedSite, type Viewed } from './purged-site';

const TOOL = path.resolve(import.meta.dirname, '../../../dist/bin/cdk-nextjs-ecs.js');
const HIT = 'Hit from cloudfront';
const A_YEAR = 's-maxage=31536000';
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
    site = await PurgedSite.start(app);
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
    site.stack.killFunction('SitePurgeFunctionF9939341');
    await vi.waitUntil(() => refusals > 2, { timeout: 60_000 });
    site.stack.intercept(undefined);
    await site.stack.settled();
    const after = await Promise.all(keys.map((key) => site.view(`/lasting/${key}`)));
    expect(after.map(({ edge }) => edge)).toEqual(keys.map(() => 'Miss from cloudfront'));
    expect(after.map(({ body }) => body)).not.toEqual(expect.arrayContaining(before.map(({ body }) => body)));
    expect(site.metric(PurgeMetric.KEPT)).toBe(0);
  });

  it('is new when thousands of tags are revalidated at once, by one purge of all pages', async () => {
    await untilKept('/lasting/among-thousands');
    const tags = Array.from({ length: 5000 }, (_, index) => `thousands:${index}`);
    const linesBefore = site.lines.length;
    await site.revalidate({ tags: [...tags, 'lasting:among-thousands'] });
    await site.stack.settled();
    expect((await site.view('/lasting/among-thousands')).edge).toBe('Miss from cloudfront');
    expect(site.purged).toContain('#page');
    expect(site.metric(PurgeMetric.KEPT)).toBe(0);
    expect(site.lines.length - linesBefore).toBeLessThan(60);
  });
});

function renderIdOf(body: string): string | undefined {
  return /data-render-id\\?"[=:]\\?"([^"\\]+)/.exec(body)?.[1] ?? /data-render-id="([^"]+)"/.exec(body)?.[1];
}
