import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { decodeEntry, encodeEntry } from '../../../runtime/cache/entry-codec';
import type { CacheValue, Entry, EntryGroup } from '../../../runtime/cache/entry';

const headers = { 'x-next-cache-tags': '_N_T_/layout,_N_T_/a', 'set-cookie': ['a=1', 'b=2'] };
const page = '<p>größe 価格 😀 "quoted"</p>'.repeat(200);

const values: Record<string, readonly [EntryGroup, CacheValue | null]> = {
  'an App page with segments': [
    'response',
    {
      kind: 'APP_PAGE',
      html: page,
      rscData: randomBytes(5000),
      segmentData: new Map([
        ['/_tree', randomBytes(300)],
        ['/a/b', Buffer.alloc(0)],
      ]),
      headers,
      status: 200,
    },
  ],
  'a postponed App page': [
    'response',
    { kind: 'APP_PAGE', html: page, postponed: `12:["x"]${'y'.repeat(999)}`, headers, segmentData: new Map() },
  ],
  'a route handler': ['response', { kind: 'APP_ROUTE', body: randomBytes(70_000), headers, status: 201 }],
  'a Pages Router page': [
    'response',
    {
      kind: 'PAGES',
      html: page,
      pageData: { pageProps: { $part: 0, $map: [], $: 1, deep: [{ a: null }] } },
      headers: {},
      status: 200,
    },
  ],
  'a redirect': [
    'response',
    { kind: 'REDIRECT', props: { pageProps: { __N_REDIRECT: '/', __N_REDIRECT_STATUS: 307 } } },
  ],
  'a not-found': ['response', null],
  'a fetch': [
    'fetch',
    {
      kind: 'FETCH',
      data: { headers: { a: 'b' }, body: randomBytes(900).toString('base64'), status: 200, url: 'http://x/' },
      revalidate: 60,
    },
  ],
  'a fetch with a lone surrogate': [
    'fetch',
    { kind: 'FETCH', data: { body: `a\ud800b${'c'.repeat(400)}` }, revalidate: false },
  ],
  'an image': [
    'image',
    { kind: 'IMAGE', buffer: randomBytes(3000), etag: 'e', upstreamEtag: 'u', extension: 'webp', revalidate: 60 },
  ],
  "'use cache' data": [
    'use-cache',
    { kind: 'USE_CACHE', body: randomBytes(2000), stale: 300, expire: 4_294_967_294, revalidate: 900 },
  ],
};

function entryOf(group: EntryGroup, value: CacheValue | null, key = '/route-cache/APP_PAGE/ab/$/a'): Entry {
  return {
    group,
    key,
    value,
    tags: ['a', 'größe'],
    stamp: { versions: new Map([['a', 3]]), horizon: 1_800_000_000_000 },
    lastModified: 1_800_000_000_123.25,
    cacheControl: { revalidate: 60, expire: 3600 },
  };
}

describe('the entry codec', () => {
  it.each(Object.entries(values))('gives back %s byte for byte', async (_, [group, value]) => {
    const entry = entryOf(group, value);
    expect(await decodeEntry(await encodeEntry(entry), group, entry.key)).toEqual(entry);
  });

  it('takes keys of 2 KB and bodies of 20 MB', async () => {
    const body = Buffer.alloc(20 * 1024 * 1024, 'ab');
    const entry = entryOf('response', { kind: 'APP_ROUTE', body, headers: {}, status: 200 }, `/${'k'.repeat(2048)}`);
    const decoded = await decodeEntry(await encodeEntry(entry), 'response', entry.key);
    expect((decoded?.value?.body as Buffer).equals(body)).toBe(true);
  });

  it('keeps a horizon that was never read', async () => {
    const entry = {
      ...entryOf('response', null),
      stamp: { versions: new Map<string, number>(), horizon: Number.NEGATIVE_INFINITY },
    };
    expect(await decodeEntry(await encodeEntry(entry), 'response', entry.key)).toEqual(entry);
  });

  it('stores a page in less than a third of its JSON', async () => {
    const [group, value] = ['response' as const, { kind: 'APP_PAGE', html: page.repeat(10), headers }];
    const object = await encodeEntry(entryOf(group, value));
    expect(object.length).toBeLessThan(0.3 * JSON.stringify(value).length);
  });

  it('stores a payload once that Next.js hands over twice', async () => {
    const [payload, other] = [randomBytes(9000), randomBytes(9000)];
    const pageWith = (whole: Buffer): Entry =>
      entryOf('response', {
        kind: 'APP_PAGE',
        html: page,
        rscData: payload,
        segmentData: new Map([['/_full', whole]]),
      });
    const once = await encodeEntry(pageWith(Buffer.from(payload)));
    const twice = await encodeEntry(pageWith(other));
    expect(once.length).toBeLessThan(twice.length - 8000);
    const decoded = await decodeEntry(once, 'response', '/route-cache/APP_PAGE/ab/$/a');
    expect(decoded).toEqual(pageWith(payload));
  });

  it('takes an object for a miss that is compressed in a way it does not know', async () => {
    const object = await encodeEntry(entryOf('response', { kind: 'APP_PAGE', html: page, headers }));
    expect(await decodeEntry(flipTo(object, 4, 9), 'response', '/route-cache/APP_PAGE/ab/$/a')).toBeUndefined();
  });

  it('does not take the object of another key for its own', async () => {
    const object = await encodeEntry(entryOf('response', null));
    expect(await decodeEntry(object, 'response', '/other')).toBeUndefined();
    expect(await decodeEntry(object, 'fetch', '/route-cache/APP_PAGE/ab/$/a')).toBeUndefined();
  });

  it(
    'takes every one of 100,000 mutations of real entries for a miss, and never throws',
    { timeout: 600_000 },
    async () => {
      const objects = await Promise.all(
        Object.values(values).map(async ([group, value]) => ({
          group,
          object: await encodeEntry(entryOf(group, value)),
        })),
      );
      const key = entryOf('response', null).key;
      let survivors = 0;
      for (let run = 0; run < 100_000; run += 1) {
        const picked = objects[run % objects.length];
        if (picked === undefined) continue;
        const mutated = mutate(picked.object, run);
        if (mutated.equals(picked.object)) continue;
        if ((await decodeEntry(mutated, picked.group, key)) !== undefined) survivors += 1;
      }
      expect(survivors).toBe(0);
    },
  );
});

/** One of six kinds of damage, at a place that depends on the run. */
function mutate(object: Buffer, run: number): Buffer {
  const place = (run * 2_654_435_761) % object.length;
  switch (run % 6) {
    case 0:
      return object.subarray(0, place);
    case 1:
      return flip(object, place, 1 << (run % 8));
    case 2:
      return flip(object, place % 25, 0xff);
    case 3:
      return Buffer.concat([object, randomBytes(1 + (run % 9))]);
    case 4:
      return Buffer.concat([object.subarray(0, place), object.subarray(place + 1 + (run % 5))]);
    default:
      return Buffer.concat([object.subarray(0, place), randomBytes(8), object.subarray(place + 8)]);
  }
}

function flipTo(object: Buffer, place: number, value: number): Buffer {
  return flip(object, place, (object[place] ?? 0) ^ value);
}

function flip(object: Buffer, place: number, bits: number): Buffer {
  const copy = Buffer.from(object);
  copy[place] = (copy[place] ?? 0) ^ bits;
  return copy;
}
