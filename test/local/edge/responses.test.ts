import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { afterEach, describe, expect, it } from 'vitest';

import {
  ALL_VIEWER,
  CACHING_DISABLED,
  cachePolicy,
  closeAll,
  resource,
  respond,
  resultOf,
  startEdge,
  startOrigin,
  type TestEdge,
} from './support';

afterEach(closeAll);

/** Pages in brackets lie below https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ */
const REMOVED = 'RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomRemovedHeaders';
const SECURITY_HEADERS = '67f7725c-6f97-4210-82d7-5512b31e9d03';
const CORS_WITH_PREFLIGHT = '5cc3b908-e619-4b99-88e5-2cf7f45965bd';
const SIMPLE_CORS = '60669652-455b-4ae9-85a4-c4c02393f86c';

const TEXT = 'abcdefghij'.repeat(10);

async function storing(headers: Record<string, string> = {}, body = TEXT): Promise<TestEdge> {
  const edge = await startEdge(await startOrigin(respond({ 'cache-control': 's-maxage=60', ...headers }, body)));
  await edge.get('/');
  return edge;
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseBehaviorCustomOrigin */
describe('a response', () => {
  it('carries what CloudFront adds', async () => {
    const edge = await startEdge(await startOrigin());
    const { headers } = await edge.get('/');
    expect(headers).toMatchObject({
      'x-cache': 'Miss from cloudfront',
      via: '1.1 e1example.cloudfront.net (CloudFront)',
      'x-amz-cf-pop': 'LOCAL1-C1',
      server: 'CloudFront',
    });
    expect(headers['x-amz-cf-id']).toMatch(/^[\w-]{54}==$/);
  });

  it("keeps the origin's Server and Date", async () => {
    const date = 'Wed, 31 Dec 2025 00:00:00 GMT';
    const edge = await startEdge(await startOrigin(respond({ server: 'AmazonS3', date })));
    expect((await edge.get('/')).headers).toMatchObject({ server: 'AmazonS3', date });
  });

  it(`loses Set-Cookie unless cookies are forwarded (${REMOVED})`, async () => {
    const origin = await startOrigin(respond({ 'set-cookie': ['a=1', 'b=2'] }));
    const edge = await startEdge(origin);
    expect((await edge.get('/')).headers['set-cookie']).toBeUndefined();
    const forwarding = await startEdge(origin, { behavior: { OriginRequestPolicyId: ALL_VIEWER } });
    expect((await forwarding.get('/')).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  it('with Set-Cookie is kept, and its cookies are replayed (Cookies.html)', async () => {
    const edge = await startEdge(
      await startOrigin(respond({ 'cache-control': 's-maxage=60', 'set-cookie': 'session=secret' })),
      { behavior: { OriginRequestPolicyId: ALL_VIEWER } },
    );
    await edge.get('/');
    const replayed = await edge.get('/');
    expect([resultOf(replayed), replayed.headers['set-cookie']]).toEqual(['Hit', ['session=secret']]);
  });

  const VARY: [rule: string, sent: string, policyId: string | undefined, got: string | undefined][] = [
    [
      `Vary keeps Accept-Encoding and Cookie (${REMOVED})`,
      'Accept-Encoding, Cookie, RSC',
      undefined,
      'Accept-Encoding, Cookie',
    ],
    [`Vary loses headers that do not reach the origin (${REMOVED})`, 'RSC', undefined, undefined],
    [`Vary keeps headers that reach the origin (${REMOVED})`, 'RSC, Next-Url', ALL_VIEWER, 'RSC, Next-Url'],
  ];
  it.each(VARY)('%s', async (_, sent, policyId, got) => {
    const edge = await startEdge(await startOrigin(respond({ vary: sent })), {
      behavior: policyId === undefined ? {} : { OriginRequestPolicyId: policyId },
    });
    expect((await edge.get('/')).headers.vary).toBe(got);
  });

  it('of a redirect is kept, not followed (…#ResponseCustomRedirects)', async () => {
    const edge = await startEdge(
      await startOrigin(respond({ location: '/b', 'cache-control': 's-maxage=60' }, '', 308)),
    );
    await edge.get('/');
    const { status, headers } = await edge.get('/');
    expect([status, headers.location, headers['x-cache']]).toEqual([308, '/b', 'Hit from cloudfront']);
  });
});

/** https://www.rfc-editor.org/rfc/rfc9110#section-13 */
describe('a condition of the viewer', () => {
  const modified = 'Wed, 31 Dec 2025 00:00:00 GMT';
  const CONDITIONS: [condition: Record<string, string>, status: number][] = [
    [{ 'if-none-match': '"v1"' }, 304],
    [{ 'if-none-match': 'W/"v1"' }, 304],
    [{ 'if-none-match': '"v0", "v1"' }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"v2"' }, 200],
    [{ 'if-modified-since': modified }, 304],
    [{ 'if-modified-since': 'Tue, 30 Dec 2025 00:00:00 GMT' }, 200],
    [{ 'if-none-match': '"v2"', 'if-modified-since': modified }, 200],
  ];
  it.each(CONDITIONS)('%j is answered from the cache with %i', async (condition, status) => {
    const edge = await storing({ etag: '"v1"', 'last-modified': modified });
    const answer = await edge.get('/', condition);
    expect([answer.status, answer.body, resultOf(answer)]).toEqual([status, status === 304 ? '' : TEXT, 'Hit']);
    expect(answer.headers).toMatchObject({ etag: '"v1"', 'cache-control': 's-maxage=60' });
  });

  it('goes to the origin when nothing is stored, whose 304 is passed on', async () => {
    const origin = await startOrigin((incoming, response) =>
      response
        .writeHead(incoming.headers['if-none-match'] === '"v1"' ? 304 : 200, {
          'cache-control': 's-maxage=60',
          etag: '"v1"',
        })
        .end(),
    );
    const edge = await startEdge(origin);
    const answer = await edge.get('/', { 'if-none-match': '"v1"' });
    expect([answer.status, resultOf(answer), edge.edge.stored.objects]).toEqual([304, 'Miss', 0]);
  });
});

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RangeGETs.html */
describe('a range', () => {
  const RANGES: [range: string, status: number, body: string, contentRange: string | undefined][] = [
    ['bytes=0-4', 206, 'abcde', 'bytes 0-4/100'],
    ['bytes=95-', 206, 'fghij', 'bytes 95-99/100'],
    ['bytes=-3', 206, 'hij', 'bytes 97-99/100'],
    ['bytes=98-500', 206, 'ij', 'bytes 98-99/100'],
    ['bytes=100-', 416, '', 'bytes */100'],
    ['bytes=5-2', 200, TEXT, undefined],
    ['bytes=0-1,4-5', 200, TEXT, undefined],
    ['lines=1-2', 200, TEXT, undefined],
  ];
  it.each(RANGES)('%s of a stored object: %i', async (range, status, body, contentRange) => {
    const edge = await storing();
    const answer = await edge.get('/', { range });
    expect([answer.status, answer.body, answer.headers['content-range'], resultOf(answer)]).toEqual([
      status,
      body,
      contentRange,
      'Hit',
    ]);
  });

  it('with If-Range of another version gets the whole object', async () => {
    const edge = await storing({ etag: '"v1"' });
    expect((await edge.get('/', { range: 'bytes=0-4', 'if-range': '"v1"' })).status).toBe(206);
    expect((await edge.get('/', { range: 'bytes=0-4', 'if-range': '"v0"' })).status).toBe(200);
  });

  it('of an object that is not stored goes to the origin; its part is not taken for the whole', async () => {
    const origin = await startOrigin((incoming, response) => {
      const part = incoming.headers.range !== undefined;
      response
        .writeHead(part ? 206 : 200, {
          'cache-control': 's-maxage=60',
          ...(part ? { 'content-range': 'bytes 0-4/100' } : {}),
        })
        .end(part ? 'abcde' : TEXT);
    });
    const edge = await startEdge(origin);
    expect((await edge.get('/', { range: 'bytes=0-4' })).body).toBe('abcde');
    expect((await edge.get('/')).body).toBe(TEXT);
  });
});

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html */
describe('compression', () => {
  const LONG = 'lorem ipsum '.repeat(200);
  const both = { 'accept-encoding': 'gzip, br' };

  interface Case {
    readonly rule: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly status?: number;
    readonly accept?: string;
    readonly behavior?: Record<string, unknown>;
    readonly coding: string | undefined;
  }
  const CASES: readonly Case[] = [
    { rule: 'prefers brotli', coding: 'br' },
    { rule: 'takes gzip where the viewer has nothing else', accept: 'gzip', coding: 'gzip' },
    { rule: 'is not for viewers that accept none', accept: '', coding: undefined },
    { rule: 'is not for viewers that refuse both', accept: 'gzip;q=0, br;q=0', coding: undefined },
    { rule: 'needs Compress', behavior: { Compress: false }, coding: undefined },
    { rule: 'needs a policy that caches compressed objects', behavior: { CachePolicyId: 'plain' }, coding: undefined },
    { rule: 'is gzip where the policy enables gzip alone', behavior: { CachePolicyId: 'gzip' }, coding: 'gzip' },
    { rule: 'is off where caching is disabled', behavior: { CachePolicyId: CACHING_DISABLED }, coding: undefined },
    { rule: 'needs a type of the list', headers: { 'content-type': 'image/png' }, coding: undefined },
    { rule: 'takes types with parameters', headers: { 'content-type': 'text/html; charset=utf-8' }, coding: 'br' },
    { rule: 'takes React payloads (text/x-component)', headers: { 'content-type': 'text/x-component' }, coding: 'br' },
    { rule: 'needs at least 1,000 bytes', body: 'a'.repeat(999), coding: undefined },
    { rule: 'takes 1,000 bytes', body: 'a'.repeat(1_000), coding: 'br' },
    { rule: 'is not for more than 10,000,000 bytes', body: 'a'.repeat(10_000_001), coding: undefined },
    { rule: 'leaves what is encoded already', headers: { 'content-encoding': 'gzip' }, coding: 'gzip' },
    { rule: 'takes 404 too', status: 404, coding: 'br' },
    { rule: 'leaves 500', status: 500, coding: undefined },
  ];
  it.each(CASES)('$rule', async ({ headers, body = LONG, status = 200, accept = 'gzip, br', behavior, coding }) => {
    const origin = await startOrigin(
      respond({ 'content-type': 'text/html', 'content-length': String(body.length), ...headers }, body, status),
    );
    const policies = [cachePolicy('plain'), cachePolicy('gzip', {}, { EnableAcceptEncodingGzip: true })];
    const edge = await startEdge(origin, { behavior: { Compress: true, ...behavior }, resources: policies });
    const answer = await edge.get('/', accept === '' ? {} : { 'accept-encoding': accept });
    expect(answer.headers['content-encoding']).toBe(coding);
    if (coding === undefined || headers?.['content-encoding'] !== undefined) return;
    const plain = coding === 'br' ? brotliDecompressSync(answer.bytes) : gunzipSync(answer.bytes);
    expect(plain.toString()).toBe(body);
    expect(answer.headers.vary).toBe('Accept-Encoding');
  });

  it('needs Content-Length: a stream is neither compressed nor delayed', async () => {
    const origin = await startOrigin((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.write(LONG);
      response.end(LONG);
    });
    const edge = await startEdge(origin, { behavior: { Compress: true } });
    expect((await edge.get('/', both)).headers['content-encoding']).toBeUndefined();
  });

  it('makes strong ETags weak, leaves weak ones, and drops what is neither', async () => {
    const etags: string[] = [];
    for (const etag of ['"v1"', 'W/"v1"', 'v1']) {
      const edge = await startEdge(
        await startOrigin(respond({ 'content-type': 'text/html', 'content-length': String(LONG.length), etag }, LONG)),
        { behavior: { Compress: true } },
      );
      etags.push(String((await edge.get('/', both)).headers.etag));
    }
    expect(etags).toEqual(['W/"v1"', 'W/"v1"', 'undefined']);
  });

  it('is done once: the compressed object is stored', async () => {
    const origin = await startOrigin(
      respond(
        { 'content-type': 'text/html', 'content-length': String(LONG.length), 'cache-control': 's-maxage=60' },
        LONG,
      ),
    );
    const edge = await startEdge(origin, { behavior: { Compress: true } });
    await edge.get('/', both);
    const hit = await edge.get('/', both);
    expect([resultOf(hit), brotliDecompressSync(hit.bytes).toString()]).toEqual(['Hit', LONG]);
    expect(await edge.result('/')).toBe('Miss');
  });
});

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html */
describe('a response headers policy', () => {
  async function withPolicy(config: Record<string, unknown>, headers: Record<string, string> = {}): Promise<TestEdge> {
    const policy = resource('ResponseHeadersPolicy', 'rhp', {
      ResponseHeadersPolicyConfig: { Name: 'rhp', ...config },
    });
    return startEdge(await startOrigin(respond({ 'cache-control': 's-maxage=60', ...headers })), {
      behavior: { ResponseHeadersPolicyId: 'rhp' },
      resources: [policy],
    });
  }

  it('adds custom headers, over the origin’s own only where it says so', async () => {
    const items = [
      { Header: 'X-One', Value: 'policy', Override: true },
      { Header: 'X-Two', Value: 'policy', Override: false },
      { Header: 'X-Three', Value: 'policy', Override: false },
    ];
    const edge = await withPolicy({ CustomHeadersConfig: { Items: items } }, { 'x-one': 'origin', 'x-two': 'origin' });
    expect((await edge.get('/')).headers).toMatchObject({ 'x-one': 'policy', 'x-two': 'origin', 'x-three': 'policy' });
  });

  it('removes headers, from hits too; the tag header still tags', async () => {
    const policy = resource('ResponseHeadersPolicy', 'rhp', {
      ResponseHeadersPolicyConfig: { Name: 'rhp', RemoveHeadersConfig: { Items: [{ Header: 'X-Tags' }] } },
    });
    const origin = await startOrigin(respond({ 'cache-control': 's-maxage=60', 'x-tags': 'a' }));
    const edge = await startEdge(origin, {
      behavior: { ResponseHeadersPolicyId: 'rhp' },
      resources: [policy],
      config: { CacheTagConfig: { HeaderName: 'X-Tags' } },
    });
    const answers = [await edge.get('/'), await edge.get('/')];
    expect(answers.map((answer) => [resultOf(answer), answer.headers['x-tags']])).toEqual([
      ['Miss', undefined],
      ['Hit', undefined],
    ]);
    expect(edge.edge.invalidate(['#a'])).toBe(1);
  });

  it('adds the security headers of the managed SecurityHeadersPolicy', async () => {
    const edge = await startEdge(await startOrigin(respond({ 'x-frame-options': 'DENY' })), {
      behavior: { ResponseHeadersPolicyId: SECURITY_HEADERS },
    });
    expect((await edge.get('/')).headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-xss-protection': '1; mode=block',
      'referrer-policy': 'strict-origin-when-cross-origin',
    });
  });

  it('adds CORS headers to answers of CORS requests alone', async () => {
    const edge = await startEdge(await startOrigin(), { behavior: { ResponseHeadersPolicyId: SIMPLE_CORS } });
    expect((await edge.get('/')).headers['access-control-allow-origin']).toBeUndefined();
    expect((await edge.get('/', { origin: 'https://a.example' })).headers['access-control-allow-origin']).toBe('*');
  });

  it('answers preflights with methods and headers', async () => {
    const edge = await startEdge(await startOrigin(), { behavior: { ResponseHeadersPolicyId: CORS_WITH_PREFLIGHT } });
    const { headers } = await edge.ask({
      method: 'OPTIONS',
      headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT' },
    });
    expect(headers).toMatchObject({
      'access-control-allow-methods': 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT',
      'access-control-allow-headers': '*',
    });
  });

  it("leaves the origin's CORS headers where it does not override", async () => {
    const origin = await startOrigin(respond({ 'access-control-allow-origin': 'https://own.example' }));
    const edge = await startEdge(origin, { behavior: { ResponseHeadersPolicyId: SIMPLE_CORS } });
    expect((await edge.get('/', { origin: 'https://a.example' })).headers['access-control-allow-origin']).toBe(
      'https://own.example',
    );
  });

  const ORIGINS: [pattern: string, origin: string, allowed: string | undefined][] = [
    ['https://a.example', 'https://a.example', 'https://a.example'],
    ['https://a.example', 'http://a.example', undefined],
    ['*.example', 'https://a.example', 'https://a.example'],
    ['http://*.example', 'https://a.example', undefined],
  ];
  it.each(ORIGINS)('that allows %s answers %s with %s', async (pattern, origin, allowed) => {
    const cors = {
      AccessControlAllowCredentials: true,
      AccessControlAllowHeaders: { Items: ['x'] },
      AccessControlAllowMethods: { Items: ['GET'] },
      AccessControlAllowOrigins: { Items: [pattern] },
      OriginOverride: true,
    };
    const edge = await withPolicy({ CorsConfig: cors });
    expect((await edge.get('/', { origin })).headers['access-control-allow-origin']).toBe(allowed);
  });
});
