import { afterEach, describe, expect, it } from 'vitest';

import {
  CACHED_ERRORS,
  CACHED_RESPONSES,
  ERROR_NOT_IN_CACHE,
  ERROR_PAGES,
  ERRORS_BY_LIFETIME,
  EXPIRATION,
  MANAGED_CACHE_POLICIES,
  NEGOTIATION,
  OBJECT_HEADERS,
} from './documentation';
import {
  CACHING_DISABLED,
  CACHING_OPTIMIZED,
  cachePolicy,
  closeAll,
  respond,
  resultOf,
  startEdge,
  startOrigin,
  type TestEdge,
  type TestOrigin,
} from './support';

afterEach(closeAll);

const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT';

interface Row {
  readonly rule: string;
  readonly doc: string;
  readonly ttls?: { min?: number; default?: number; max?: number };
  readonly headers: Record<string, string>;
  /** Seconds after which the object is still served; undefined when it is not kept at all. */
  readonly fresh: number | undefined;
}

const ROWS: readonly Row[] = [
  { rule: 'max-age is the lifetime', doc: EXPIRATION, headers: { 'cache-control': 'max-age=60' }, fresh: 60 },
  {
    rule: 's-maxage goes before max-age',
    doc: EXPIRATION,
    headers: { 'cache-control': 'max-age=10, s-maxage=60' },
    fresh: 60,
  },
  {
    rule: 's-maxage goes before max-age when it is the shorter one',
    doc: EXPIRATION,
    headers: { 'cache-control': 's-maxage=5, max-age=60' },
    fresh: 5,
  },
  {
    rule: 'max-age goes before Expires',
    doc: OBJECT_HEADERS,
    headers: { 'cache-control': 'max-age=60', expires: '0' },
    fresh: 60,
  },
  {
    rule: 'MaxTTL caps max-age',
    doc: EXPIRATION,
    ttls: { max: 30 },
    headers: { 'cache-control': 'max-age=60' },
    fresh: 30,
  },
  {
    rule: 'MaxTTL caps s-maxage',
    doc: EXPIRATION,
    ttls: { max: 30 },
    headers: { 'cache-control': 's-maxage=60' },
    fresh: 30,
  },
  {
    rule: 'MinTTL raises max-age',
    doc: EXPIRATION,
    ttls: { min: 100 },
    headers: { 'cache-control': 'max-age=60' },
    fresh: 100,
  },
  {
    rule: 'between MinTTL and MaxTTL max-age counts',
    doc: EXPIRATION,
    ttls: { min: 10, max: 100 },
    headers: { 'cache-control': 'max-age=60' },
    fresh: 60,
  },
  {
    rule: 'Expires is the end',
    doc: EXPIRATION,
    headers: { date: DATE, expires: 'Thu, 01 Jan 2026 00:01:00 GMT' },
    fresh: 60,
  },
  {
    rule: 'MaxTTL comes before a later Expires',
    doc: EXPIRATION,
    ttls: { max: 30 },
    headers: { date: DATE, expires: 'Thu, 01 Jan 2026 00:01:00 GMT' },
    fresh: 30,
  },
  {
    rule: 'MinTTL raises a past Expires',
    doc: EXPIRATION,
    ttls: { min: 20 },
    headers: { date: DATE, expires: '-1' },
    fresh: 20,
  },
  { rule: 'without a lifetime DefaultTTL counts', doc: EXPIRATION, ttls: { default: 40 }, headers: {}, fresh: 40 },
  {
    rule: 'without a lifetime the greater of MinTTL and DefaultTTL counts',
    doc: EXPIRATION,
    ttls: { min: 50, default: 40 },
    headers: {},
    fresh: 50,
  },
  {
    rule: 'public alone has no lifetime',
    doc: EXPIRATION,
    ttls: { default: 40 },
    headers: { 'cache-control': 'public' },
    fresh: 40,
  },
  {
    rule: 'no-store is honoured with MinTTL 0',
    doc: EXPIRATION,
    headers: { 'cache-control': 'no-store, max-age=60' },
    fresh: undefined,
  },
  {
    rule: 'private is honoured with MinTTL 0',
    doc: EXPIRATION,
    headers: { 'cache-control': 'private, s-maxage=60' },
    fresh: undefined,
  },
  {
    rule: 'no-cache is honoured with MinTTL 0',
    doc: EXPIRATION,
    headers: { 'cache-control': 'no-cache, max-age=60' },
    fresh: 0,
  },
  {
    rule: 'no-store is kept for MinTTL above 0',
    doc: EXPIRATION,
    ttls: { min: 7 },
    headers: { 'cache-control': 'no-store' },
    fresh: 7,
  },
  {
    rule: 'private is kept for MinTTL above 0',
    doc: EXPIRATION,
    ttls: { min: 7 },
    headers: { 'cache-control': 'private, max-age=60' },
    fresh: 7,
  },
  {
    rule: 'no-cache is kept for MinTTL above 0',
    doc: EXPIRATION,
    ttls: { min: 7 },
    headers: { 'cache-control': 'no-cache' },
    fresh: 7,
  },
  { rule: 'max-age=0 is asked again each time', doc: EXPIRATION, headers: { 'cache-control': 'max-age=0' }, fresh: 0 },
  {
    rule: 'Age counts towards the lifetime',
    doc: CACHED_RESPONSES,
    headers: { 'cache-control': 'max-age=60', age: '20' },
    fresh: 40,
  },
  {
    rule: 'Vary: * with MinTTL 0 is asked again each time',
    doc: NEGOTIATION,
    headers: { 'cache-control': 'max-age=60', vary: '*' },
    fresh: 0,
  },
  {
    rule: 'Pragma of the origin says nothing',
    doc: EXPIRATION,
    headers: { 'cache-control': 'max-age=60', pragma: 'no-cache' },
    fresh: 60,
  },
  {
    rule: 'directives are read without case and with spaces',
    doc: EXPIRATION,
    headers: { 'cache-control': 'Public ,  S-MaxAge = 60' },
    fresh: 60,
  },
];

async function withPolicy(origin: TestOrigin, ttls: Row['ttls']): Promise<TestEdge> {
  return startEdge(origin, { behavior: { CachePolicyId: 'row' }, resources: [cachePolicy('row', ttls)] });
}

describe('the lifetime of an object', () => {
  it.each(ROWS)('$rule ($doc)', async ({ ttls, headers, fresh }) => {
    const origin = await startOrigin(respond(headers));
    const edge = await withPolicy(origin, ttls);
    expect(await edge.result('/')).toBe('Miss');
    if (fresh === undefined || fresh === 0) {
      expect(await edge.result('/')).toBe('Miss');
      expect(origin.requests).toHaveLength(2);
      return;
    }
    edge.pass(fresh - 0.5);
    expect(await edge.result('/')).toBe('Hit');
    edge.pass(1);
    expect(await edge.result('/')).toBe('Miss');
  });

  it(`is nothing under CachingDisabled (${MANAGED_CACHE_POLICIES})`, async () => {
    const origin = await startOrigin(respond({ 'cache-control': 's-maxage=60' }));
    const edge = await startEdge(origin, { behavior: { CachePolicyId: CACHING_DISABLED } });
    await edge.get('/');
    expect(await edge.result('/')).toBe('Miss');
    const [first] = await edge.logged(2);
    expect(first?.reason).toBe('not kept: Managed-CachingDisabled disables caching');
  });

  it(`is at least a second under CachingOptimized, even for private responses (${MANAGED_CACHE_POLICIES})`, async () => {
    const origin = await startOrigin(respond({ 'cache-control': 'private, no-store' }));
    const edge = await startEdge(origin, { behavior: { CachePolicyId: CACHING_OPTIMIZED } });
    await edge.get('/');
    edge.pass(0.9);
    expect(await edge.result('/')).toBe('Hit');
    edge.pass(0.2);
    expect(await edge.result('/')).toBe('Miss');
  });

  it(`comes from legacy settings where a behaviour has no policy (${EXPIRATION})`, async () => {
    const origin = await startOrigin(respond({}));
    const legacy = {
      CachePolicyId: '',
      MinTTL: 0,
      DefaultTTL: 30,
      MaxTTL: 60,
      ForwardedValues: { QueryString: false },
    };
    const edge = await startEdge(origin, { behavior: legacy });
    await edge.get('/?a');
    edge.pass(29);
    expect(await edge.result('/?b')).toBe('Hit');
    edge.pass(2);
    expect(await edge.result('/')).toBe('Miss');
  });

  it(`cannot be ended by the viewer: Cache-Control and Pragma of a request say nothing (${OBJECT_HEADERS})`, async () => {
    const origin = await startOrigin(respond({ 'cache-control': 's-maxage=60' }));
    const edge = await startEdge(origin);
    await edge.get('/');
    expect(await edge.result('/', { 'cache-control': 'no-cache', pragma: 'no-cache' })).toBe('Hit');
  });

  it(`shows as Age on a hit, and not on a miss (${CACHED_RESPONSES})`, async () => {
    const origin = await startOrigin(respond({ 'cache-control': 's-maxage=60' }));
    const edge = await startEdge(origin);
    expect((await edge.get('/')).headers.age).toBeUndefined();
    edge.pass(12.7);
    expect((await edge.get('/')).headers.age).toBe('12');
  });
});

describe('an error', () => {
  const ERRORS: [rule: string, status: number, headers: Record<string, string>, fresh: number | undefined][] = [
    [`404 is kept for 10 seconds (${CACHED_ERRORS})`, 404, {}, 10],
    [`414 is kept for 10 seconds (${CACHED_ERRORS})`, 414, {}, 10],
    [`500 is kept for 10 seconds (${CACHED_ERRORS})`, 500, {}, 10],
    [`501 is kept for 10 seconds (${CACHED_ERRORS})`, 501, {}, 10],
    [`502 is kept for 10 seconds (${CACHED_ERRORS})`, 502, {}, 10],
    [`503 is kept for 10 seconds (${CACHED_ERRORS})`, 503, {}, 10],
    [`504 is kept for 10 seconds (${CACHED_ERRORS})`, 504, {}, 10],
    [`404 with a longer s-maxage is kept as long (${CACHED_ERRORS})`, 404, { 'cache-control': 's-maxage=60' }, 60],
    [
      `404 with a shorter s-maxage is kept for 10 seconds (${CACHED_ERRORS})`,
      404,
      { 'cache-control': 's-maxage=1' },
      10,
    ],
    [
      `404 that is restricted by Cache-Control is not kept (${CACHED_ERRORS})`,
      404,
      { 'cache-control': 'private, no-store' },
      undefined,
    ],
    [`403 is kept only with a lifetime (${ERRORS_BY_LIFETIME})`, 403, {}, undefined],
    [`403 with a lifetime is kept (${ERRORS_BY_LIFETIME})`, 403, { 'cache-control': 'max-age=20' }, 20],
    [`400 is kept only with a lifetime (${ERRORS_BY_LIFETIME})`, 400, {}, undefined],
    [`405 is kept only with a lifetime (${ERRORS_BY_LIFETIME})`, 405, {}, undefined],
    [`405 with a lifetime is kept (${ERRORS_BY_LIFETIME})`, 405, { 'cache-control': 's-maxage=20' }, 20],
    [`412 with a lifetime is kept (${ERRORS_BY_LIFETIME})`, 412, { 'cache-control': 'max-age=20' }, 20],
    [`415 with a lifetime is kept (${ERRORS_BY_LIFETIME})`, 415, { 'cache-control': 'max-age=20' }, 20],
    [`418 is never kept (${CACHED_ERRORS})`, 418, { 'cache-control': 'max-age=20' }, undefined],
  ];
  it.each(ERRORS)('%s', async (_, status, headers, fresh) => {
    const origin = await startOrigin(respond(headers, 'sorry', status));
    const edge = await startEdge(origin);
    expect(await edge.result('/')).toBe('Error');
    if (fresh === undefined) {
      await edge.get('/');
      expect(origin.requests).toHaveLength(2);
      return;
    }
    edge.pass(fresh - 0.5);
    const kept = await edge.get('/');
    expect([kept.status, resultOf(kept), kept.body, origin.requests.length]).toEqual([status, 'Error', 'sorry', 1]);
    edge.pass(1);
    await edge.get('/');
    expect(origin.requests).toHaveLength(2);
  });

  it(`is kept for the error caching minimum TTL of its status (${ERROR_NOT_IN_CACHE})`, async () => {
    const origin = await startOrigin(respond({}, 'gone', 404));
    const edge = await startEdge(origin, {
      config: { CustomErrorResponses: [{ ErrorCode: 404, ErrorCachingMinTTL: 0 }] },
    });
    await edge.get('/');
    await edge.get('/');
    expect(origin.requests).toHaveLength(2);
  });

  it(`shows a page of the distribution, with its own status (${ERROR_PAGES})`, async () => {
    const origin = await startOrigin((incoming, response) => {
      if (incoming.url === '/errors/404.html') response.setHeader('cache-control', 'max-age=600').end('the page');
      else response.writeHead(404).end('plain');
    });
    const rule = { ErrorCode: 404, ErrorCachingMinTTL: 5, ResponseCode: 200, ResponsePagePath: '/errors/404.html' };
    const edge = await startEdge(origin, { config: { CustomErrorResponses: [rule] } });
    const first = await edge.get('/nowhere');
    expect([first.status, first.body, resultOf(first)]).toEqual([200, 'the page', 'Error']);
    edge.pass(4);
    expect((await edge.get('/nowhere')).body).toBe('the page');
    expect(origin.requests.map(({ url }) => url)).toEqual(['/nowhere', '/errors/404.html']);
    edge.pass(2);
    await edge.get('/nowhere');
    expect(origin.requests.map(({ url }) => url)).toEqual(['/nowhere', '/errors/404.html', '/nowhere']);
  });
});
