import { afterEach, describe, expect, it } from 'vitest';

import {
  CACHE_KEY,
  CACHED_METHODS,
  CLOUDFRONT_HEADERS,
  COMPRESSED_OBJECTS,
  COOKIES,
  HEADER_CACHING,
  QUERIES,
} from './documentation';
import { ALL_VIEWER, cachePolicy, closeAll, respond, startEdge, startOrigin, type TestEdge } from './support';

afterEach(closeAll);

async function edgeWith(parameters: Record<string, unknown>, headers: Record<string, string> = {}): Promise<TestEdge> {
  const origin = await startOrigin(respond({ 'cache-control': 's-maxage=60', ...headers }));
  return startEdge(origin, {
    behavior: { CachePolicyId: 'key', OriginRequestPolicyId: ALL_VIEWER },
    resources: [cachePolicy('key', {}, parameters)],
  });
}

type Viewer = readonly [path: string, headers?: Record<string, string>];

const queries = (QueryStringBehavior: string, ...QueryStrings: string[]): Record<string, unknown> => ({
  QueryStringsConfig: { QueryStringBehavior, QueryStrings },
});
const headers = (...Headers: string[]): Record<string, unknown> => ({
  HeadersConfig: { HeaderBehavior: 'whitelist', Headers },
});
const cookies = (CookieBehavior: string, ...Cookies: string[]): Record<string, unknown> => ({
  CookiesConfig: { CookieBehavior, Cookies },
});
const encodings = (gzip: boolean, brotli: boolean): Record<string, unknown> => ({
  EnableAcceptEncodingGzip: gzip,
  EnableAcceptEncodingBrotli: brotli,
});

const ROWS: [rule: string, parameters: Record<string, unknown>, first: Viewer, second: Viewer, same: boolean][] = [
  [`the path is in the key (${CACHE_KEY})`, {}, ['/a'], ['/b'], false],
  [`the path is compared with case (${CACHE_KEY})`, {}, ['/a'], ['/A'], false],
  [`queries are not in the key with "none" (${CACHE_KEY})`, queries('none'), ['/?a=1'], ['/?a=2'], true],
  [`all queries are in the key with "all" (${CACHE_KEY})`, queries('all'), ['/?a=1'], ['/?a=2'], false],
  [`the order of queries counts (${QUERIES})`, queries('all'), ['/?a=1&b=2'], ['/?b=2&a=1'], false],
  [`a listed query is in the key (${CACHE_KEY})`, queries('whitelist', 'q'), ['/?q=1'], ['/?q=2'], false],
  [
    `a query that is not listed is not in the key (${CACHE_KEY})`,
    queries('whitelist', 'q'),
    ['/?q=1&t=1'],
    ['/?q=1&t=2'],
    true,
  ],
  [`names of queries are compared with case (${QUERIES})`, queries('whitelist', 'q'), ['/?Q=1'], ['/?Q=2'], true],
  [`an excepted query is not in the key (${CACHE_KEY})`, queries('allExcept', 't'), ['/?q=1&t=1'], ['/?q=1&t=2'], true],
  [`a query that is not excepted is in the key (${CACHE_KEY})`, queries('allExcept', 't'), ['/?q=1'], ['/?q=2'], false],
  [`a header that is not listed is not in the key (${CACHE_KEY})`, {}, ['/', { rsc: '1' }], ['/'], true],
  [`a listed header is in the key (${CACHE_KEY})`, headers('RSC'), ['/', { rsc: '1' }], ['/'], false],
  [
    `values of headers are compared with case (${CACHE_KEY})`,
    headers('X-A'),
    ['/', { 'x-a': 'b' }],
    ['/', { 'x-a': 'B' }],
    false,
  ],
  [
    `cookies are not in the key with "none" (${CACHE_KEY})`,
    cookies('none'),
    ['/', { cookie: 'a=1' }],
    ['/', { cookie: 'a=2' }],
    true,
  ],
  [
    `a listed cookie is in the key (${CACHE_KEY})`,
    cookies('whitelist', 'a'),
    ['/', { cookie: 'a=1' }],
    ['/', { cookie: 'a=2' }],
    false,
  ],
  [
    `a cookie that is not listed is not in the key (${CACHE_KEY})`,
    cookies('whitelist', 'a'),
    ['/', { cookie: 'a=1; b=1' }],
    ['/', { cookie: 'a=1; b=2' }],
    true,
  ],
  [
    `cookies are sorted by name (${COOKIES})`,
    cookies('all'),
    ['/', { cookie: 'a=1; b=2' }],
    ['/', { cookie: 'b=2; a=1' }],
    true,
  ],
  [
    `an excepted cookie is not in the key (${CACHE_KEY})`,
    cookies('allExcept', 'b'),
    ['/', { cookie: 'a=1; b=1' }],
    ['/', { cookie: 'a=1; b=2' }],
    true,
  ],
  [
    `Accept-Encoding is not in the key unless enabled (${COMPRESSED_OBJECTS})`,
    encodings(false, false),
    ['/', { 'accept-encoding': 'gzip' }],
    ['/'],
    true,
  ],
  [
    `gzip and none differ (${COMPRESSED_OBJECTS})`,
    encodings(true, true),
    ['/', { 'accept-encoding': 'gzip' }],
    ['/'],
    false,
  ],
  [
    `br and gzip differ (${COMPRESSED_OBJECTS})`,
    encodings(true, true),
    ['/', { 'accept-encoding': 'gzip' }],
    ['/', { 'accept-encoding': 'br' }],
    false,
  ],
  [
    `order and other codings are normalized away (${COMPRESSED_OBJECTS})`,
    encodings(true, true),
    ['/', { 'accept-encoding': 'gzip, deflate, br' }],
    ['/', { 'accept-encoding': 'br;q=1.0, gzip;q=0.5' }],
    true,
  ],
  [
    `a coding that is not enabled does not count (${COMPRESSED_OBJECTS})`,
    encodings(true, false),
    ['/', { 'accept-encoding': 'gzip, br' }],
    ['/', { 'accept-encoding': 'gzip' }],
    true,
  ],
  [
    `an unsupported coding is like none (${COMPRESSED_OBJECTS})`,
    encodings(true, true),
    ['/', { 'accept-encoding': 'deflate' }],
    ['/'],
    true,
  ],
  [
    `a device header in the key separates devices (${CLOUDFRONT_HEADERS})`,
    headers('CloudFront-Is-Mobile-Viewer'),
    ['/', { 'user-agent': 'iPhone' }],
    ['/', { 'user-agent': 'X11' }],
    false,
  ],
  [
    `... and joins those of one class (${CLOUDFRONT_HEADERS})`,
    headers('CloudFront-Is-Mobile-Viewer'),
    ['/', { 'user-agent': 'iPhone 14' }],
    ['/', { 'user-agent': 'iPhone 15' }],
    true,
  ],
];

describe('the cache key', () => {
  it.each(ROWS)('%s', async (_, parameters, first, second, same) => {
    const edge = await edgeWith(parameters);
    await edge.get(...first);
    expect(await edge.result(...second)).toBe(same ? 'Hit' : 'Miss');
  });

  it(`is not what Vary says: CloudFront ignores it (${HEADER_CACHING})`, async () => {
    const edge = await edgeWith({}, { vary: 'rsc, accept-language' });
    await edge.get('/', { rsc: '1', 'accept-language': 'de' });
    expect(await edge.result('/', { 'accept-language': 'en' })).toBe('Hit');
  });

  it(`is the same for GET and HEAD: a HEAD is answered from the GET (${CACHED_METHODS})`, async () => {
    const edge = await edgeWith({});
    const got = await edge.get('/');
    const head = await edge.ask({ method: 'HEAD' });
    expect([head.status, head.body, head.headers['x-cache'], head.headers['content-length']]).toEqual([
      200,
      '',
      'Hit from cloudfront',
      String(got.bytes.length),
    ]);
  });

  it(`of a HEAD does not answer a GET, which needs the body (${CACHED_METHODS})`, async () => {
    const edge = await edgeWith({});
    await edge.ask({ method: 'HEAD' });
    expect((await edge.ask({ method: 'HEAD' })).headers['x-cache']).toBe('Hit from cloudfront');
    expect((await edge.get('/')).body).toBe('ok');
  });

  it(`does not exist for methods that are not cached (${CACHED_METHODS})`, async () => {
    const edge = await edgeWith({});
    await edge.get('/');
    expect((await edge.ask({ method: 'POST', body: 'x' })).headers['x-cache']).toBe('Miss from cloudfront');
  });

  it(`of an OPTIONS is its own, where OPTIONS is cached (${CACHED_METHODS})`, async () => {
    const origin = await startOrigin((incoming, response) =>
      response.writeHead(200, { 'cache-control': 's-maxage=60' }).end(incoming.method),
    );
    const edge = await startEdge(origin, { behavior: { CachedMethods: ['GET', 'HEAD', 'OPTIONS'] } });
    await edge.get('/');
    const first = await edge.ask({ method: 'OPTIONS' });
    const second = await edge.ask({ method: 'OPTIONS' });
    expect([first.body, first.headers['x-cache'], second.headers['x-cache']]).toEqual([
      'OPTIONS',
      'Miss from cloudfront',
      'Hit from cloudfront',
    ]);
  });
});
