import { brotliDecompressSync, gunzipSync } from 'node:zlib';

import { afterEach, describe, expect, it } from 'vitest';

import {
  CACHED_RESPONSES,
  COMPRESSED_OBJECTS,
  COMPRESSED_TYPES,
  COMPRESSION,
  CORS,
  CUSTOM_HEADERS,
  MANAGED_CACHE_POLICIES,
  RANGES,
  REDIRECTS,
  REMOVED_HEADERS,
  REMOVE_HEADERS,
  RESPONSE_COOKIES,
  RESULT_TYPES,
  SECURITY,
  SERVER_TIMING,
} from './documentation';
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

const SECURITY_HEADERS = '67f7725c-6f97-4210-82d7-5512b31e9d03';
const CORS_WITH_PREFLIGHT = '5cc3b908-e619-4b99-88e5-2cf7f45965bd';
const SIMPLE_CORS = '60669652-455b-4ae9-85a4-c4c02393f86c';

const TEXT = 'abcdefghij'.repeat(10);

async function storing(headers: Record<string, string> = {}, body = TEXT): Promise<TestEdge> {
  const edge = await startEdge(await startOrigin(respond({ 'cache-control': 's-maxage=60', ...headers }, body)));
  await edge.get('/');
  return edge;
}

describe('a response', () => {
  it(`carries what CloudFront adds (${RESULT_TYPES})`, async () => {
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

  it(`keeps the origin's Server and Date (${REMOVED_HEADERS})`, async () => {
    const date = 'Wed, 31 Dec 2025 00:00:00 GMT';
    const edge = await startEdge(await startOrigin(respond({ server: 'AmazonS3', date })));
    expect((await edge.get('/')).headers).toMatchObject({ server: 'AmazonS3', date });
  });

  it(`loses Set-Cookie unless cookies are forwarded (${REMOVED_HEADERS})`, async () => {
    const origin = await startOrigin(respond({ 'set-cookie': ['a=1', 'b=2'] }));
    const edge = await startEdge(origin);
    expect((await edge.get('/')).headers['set-cookie']).toBeUndefined();
    const forwarding = await startEdge(origin, { behavior: { OriginRequestPolicyId: ALL_VIEWER } });
    expect((await forwarding.get('/')).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  it(`with Set-Cookie is kept, and its cookies are replayed (${RESPONSE_COOKIES})`, async () => {
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
      `Vary keeps Accept-Encoding and Cookie (${REMOVED_HEADERS})`,
      'Accept-Encoding, Cookie, RSC',
      undefined,
      'Accept-Encoding, Cookie',
    ],
    [`Vary loses headers that do not reach the origin (${REMOVED_HEADERS})`, 'RSC', undefined, undefined],
    [`Vary keeps headers that reach the origin (${REMOVED_HEADERS})`, 'RSC, Next-Url', ALL_VIEWER, 'RSC, Next-Url'],
  ];
  it.each(VARY)('%s', async (_, sent, policyId, got) => {
    const edge = await startEdge(await startOrigin(respond({ vary: sent })), {
      behavior: policyId === undefined ? {} : { OriginRequestPolicyId: policyId },
    });
    expect((await edge.get('/')).headers.vary).toBe(got);
  });

  it(`of a redirect is kept, not followed (${REDIRECTS})`, async () => {
    const edge = await startEdge(
      await startOrigin(respond({ location: '/b', 'cache-control': 's-maxage=60' }, '', 308)),
    );
    await edge.get('/');
    const { status, headers } = await edge.get('/');
    expect([status, headers.location, headers['x-cache']]).toEqual([308, '/b', 'Hit from cloudfront']);
  });
});

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
  it.each(CONDITIONS)(`%j is answered from the cache with %i (${CACHED_RESPONSES})`, async (condition, status) => {
    const edge = await storing({ etag: '"v1"', 'last-modified': modified });
    const answer = await edge.get('/', condition);
    expect([answer.status, answer.body, resultOf(answer)]).toEqual([status, status === 304 ? '' : TEXT, 'Hit']);
    expect(answer.headers).toMatchObject({ etag: '"v1"', 'cache-control': 's-maxage=60' });
  });

  it(`on an ETag says nothing where the object has none (${CACHED_RESPONSES})`, async () => {
    const edge = await storing();
    expect((await edge.get('/', { 'if-none-match': '*' })).status).toBe(200);
  });

  it(`goes to the origin when nothing is stored, whose 304 is passed on (${CACHED_RESPONSES})`, async () => {
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

describe('a range', () => {
  const PARTS: [range: string, status: number, body: string, contentRange: string | undefined][] = [
    ['bytes=0-4', 206, 'abcde', 'bytes 0-4/100'],
    ['bytes=95-', 206, 'fghij', 'bytes 95-99/100'],
    ['bytes=-3', 206, 'hij', 'bytes 97-99/100'],
    ['bytes=98-500', 206, 'ij', 'bytes 98-99/100'],
    ['bytes=100-', 416, '', 'bytes */100'],
    ['bytes=5-2', 200, TEXT, undefined],
    ['bytes=4-5,0-1', 200, TEXT, undefined],
    ['bytes=0-4,3-5', 200, TEXT, undefined],
    ['bytes=0-1,-', 200, TEXT, undefined],
    ['bytes=-0', 416, '', 'bytes */100'],
    ['lines=1-2', 200, TEXT, undefined],
  ];
  it.each(PARTS)(`%s of a stored object: %i (${RANGES})`, async (range, status, body, contentRange) => {
    const edge = await storing();
    const answer = await edge.get('/', { range });
    expect([answer.status, answer.body, answer.headers['content-range'], resultOf(answer)]).toEqual([
      status,
      body,
      contentRange,
      'Hit',
    ]);
  });

  it(`may be several, in one multipart body (${RANGES})`, async () => {
    const edge = await storing({ 'content-type': 'text/plain' });
    const { status, headers, body } = await edge.get('/', { range: 'bytes=0-1, 98-' });
    const [, boundary = ''] = /^multipart\/byteranges; boundary=(\w+)$/.exec(headers['content-type'] ?? '') ?? [];
    const part = (range: string, text: string): string =>
      `--${boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes ${range}/100\r\n\r\n${text}\r\n`;
    expect(status).toBe(206);
    expect(body).toBe(`${part('0-1', 'ab')}${part('98-99', 'ij')}--${boundary}--\r\n`);
  });

  it(`of an origin that knows none gets the whole object, which is kept (${RANGES})`, async () => {
    const origin = await startOrigin(respond({ 'cache-control': 's-maxage=60' }, TEXT));
    const edge = await startEdge(origin);
    expect((await edge.get('/', { range: 'bytes=0-4' })).body).toBe(TEXT);
    const second = await edge.get('/', { range: 'bytes=0-4' });
    expect([second.status, second.body, resultOf(second)]).toEqual([206, 'abcde', 'Hit']);
  });

  it(`with If-Range of another version gets the whole object (${RANGES})`, async () => {
    const edge = await storing({ etag: '"v1"' });
    expect((await edge.get('/', { range: 'bytes=0-4', 'if-range': '"v1"' })).status).toBe(206);
    expect((await edge.get('/', { range: 'bytes=0-4', 'if-range': '"v0"' })).status).toBe(200);
  });

  it(`of an object that is not stored goes to the origin; its part is not taken for the whole (${RANGES})`, async () => {
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

describe('compression', () => {
  const LONG = 'lorem ipsum '.repeat(200);
  const both = { 'accept-encoding': 'gzip, br' };

  interface Case {
    readonly rule: string;
    readonly doc: string;
    readonly headers?: Record<string, string>;
    readonly body?: string;
    readonly status?: number;
    readonly accept?: string;
    readonly behavior?: Record<string, unknown>;
    readonly coding: string | undefined;
  }
  const CASES: readonly Case[] = [
    { rule: 'prefers brotli', doc: COMPRESSION, coding: 'br' },
    { rule: 'takes gzip where the viewer has nothing else', doc: COMPRESSION, accept: 'gzip', coding: 'gzip' },
    { rule: 'is not for viewers that accept none', doc: COMPRESSION, accept: '', coding: undefined },
    { rule: 'is not for viewers that refuse both', doc: COMPRESSION, accept: 'gzip;q=0, br;q=0', coding: undefined },
    { rule: 'needs Compress', doc: COMPRESSION, behavior: { Compress: false }, coding: undefined },
    {
      rule: 'needs a policy that caches compressed objects',
      doc: COMPRESSED_OBJECTS,
      behavior: { CachePolicyId: 'plain' },
      coding: undefined,
    },
    {
      rule: 'is gzip where the policy enables gzip alone',
      doc: COMPRESSED_OBJECTS,
      behavior: { CachePolicyId: 'gzip' },
      coding: 'gzip',
    },
    {
      rule: 'is off where caching is disabled',
      doc: MANAGED_CACHE_POLICIES,
      behavior: { CachePolicyId: CACHING_DISABLED },
      coding: undefined,
    },
    {
      rule: 'needs a type of the list',
      doc: COMPRESSED_TYPES,
      headers: { 'content-type': 'image/png' },
      coding: undefined,
    },
    {
      rule: 'takes types with parameters',
      doc: COMPRESSED_TYPES,
      headers: { 'content-type': 'text/html; charset=utf-8' },
      coding: 'br',
    },
    {
      rule: 'takes React payloads (text/x-component)',
      doc: COMPRESSION,
      headers: { 'content-type': 'text/x-component' },
      coding: 'br',
    },
    { rule: 'needs at least 1,000 bytes', doc: COMPRESSION, body: 'a'.repeat(999), coding: undefined },
    { rule: 'takes 1,000 bytes', doc: COMPRESSION, body: 'a'.repeat(1_000), coding: 'br' },
    {
      rule: 'is not for more than 10,000,000 bytes',
      doc: COMPRESSION,
      body: 'a'.repeat(10_000_001),
      coding: undefined,
    },
    {
      rule: 'leaves what is encoded already',
      doc: COMPRESSION,
      headers: { 'content-encoding': 'gzip' },
      coding: 'gzip',
    },
    { rule: 'takes 404 too', doc: COMPRESSION, status: 404, coding: 'br' },
    { rule: 'leaves 500', doc: COMPRESSION, status: 500, coding: undefined },
  ];
  it.each(CASES)(
    '$rule ($doc)',
    async ({ headers, body = LONG, status = 200, accept = 'gzip, br', behavior, coding }) => {
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
    },
  );

  it(`needs Content-Length: a stream is neither compressed nor delayed (${COMPRESSION})`, async () => {
    const origin = await startOrigin((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.write(LONG);
      response.end(LONG);
    });
    const edge = await startEdge(origin, { behavior: { Compress: true } });
    expect((await edge.get('/', both)).headers['content-encoding']).toBeUndefined();
  });

  it(`makes strong ETags weak, leaves weak ones, and drops what is neither (${COMPRESSION})`, async () => {
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

  it(`is done once: the compressed object is stored (${COMPRESSION})`, async () => {
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

  it(`adds custom headers, over the origin’s own only where it says so (${CUSTOM_HEADERS})`, async () => {
    const items = [
      { Header: 'X-One', Value: 'policy', Override: true },
      { Header: 'X-Two', Value: 'policy', Override: false },
      { Header: 'X-Three', Value: 'policy', Override: false },
    ];
    const edge = await withPolicy({ CustomHeadersConfig: { Items: items } }, { 'x-one': 'origin', 'x-two': 'origin' });
    expect((await edge.get('/')).headers).toMatchObject({ 'x-one': 'policy', 'x-two': 'origin', 'x-three': 'policy' });
  });

  it(`removes headers, from hits too; the tag header still tags (${REMOVE_HEADERS})`, async () => {
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

  it(`adds the security headers of the managed SecurityHeadersPolicy (${SECURITY})`, async () => {
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

  it(`adds CORS headers to answers of CORS requests alone (${CORS})`, async () => {
    const edge = await startEdge(await startOrigin(), { behavior: { ResponseHeadersPolicyId: SIMPLE_CORS } });
    expect((await edge.get('/')).headers['access-control-allow-origin']).toBeUndefined();
    expect((await edge.get('/', { origin: 'https://a.example' })).headers['access-control-allow-origin']).toBe('*');
  });

  it(`answers preflights with methods and headers (${CORS})`, async () => {
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

  it(`leaves the origin's CORS headers where it does not override (${CORS})`, async () => {
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
  it.each(ORIGINS)(`that allows %s answers %s with %s (${CORS})`, async (pattern, origin, allowed) => {
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

  it(`adds a header that it also removes (${REMOVE_HEADERS})`, async () => {
    const config = {
      RemoveHeadersConfig: { Items: [{ Header: 'X-One' }] },
      CustomHeadersConfig: { Items: [{ Header: 'X-One', Value: 'policy', Override: false }] },
    };
    const edge = await withPolicy(config, { 'x-one': 'origin' });
    expect((await edge.get('/')).headers['x-one']).toBe('policy');
  });

  const timed = (SamplingRate: number): Record<string, unknown> => ({
    ServerTimingHeadersConfig: { Enabled: true, SamplingRate },
  });

  it(`tells in Server-Timing how a miss and a hit came about (${SERVER_TIMING})`, async () => {
    const edge = await withPolicy(timed(100), { 'server-timing': 'db;dur=5' });
    const [miss, hit] = [await edge.get('/'), await edge.get('/')];
    expect(miss.headers['server-timing']).toMatch(
      /^cdn-upstream-layer;desc="EDGE",cdn-upstream-dns;dur=0,cdn-upstream-connect;dur=\d+,cdn-upstream-fbl;dur=\d+,cdn-cache-miss,cdn-pop;desc="LOCAL1-C1",cdn-rid;desc="[\w-]+==",cdn-downstream-fbl;dur=\d+,db;dur=5$/,
    );
    expect(hit.headers['server-timing']).toMatch(
      /^cdn-cache-hit,cdn-pop;desc="LOCAL1-C1",cdn-rid;desc="[\w-]+==",cdn-hit-layer;desc="EDGE",cdn-downstream-fbl;dur=\d+$/,
    );
  });

  it(`tells in Server-Timing that the origin confirmed what is kept (${SERVER_TIMING})`, async () => {
    const origin = await startOrigin((incoming, response) => {
      const isKnown = incoming.headers['if-none-match'] === '"v1"';
      response.writeHead(isKnown ? 304 : 200, { 'cache-control': 'no-cache', etag: '"v1"' }).end(isKnown ? '' : 'body');
    });
    const policy = resource('ResponseHeadersPolicy', 'rhp', { ResponseHeadersPolicyConfig: timed(100) });
    const edge = await startEdge(origin, { behavior: { ResponseHeadersPolicyId: 'rhp' }, resources: [policy] });
    await edge.get('/');
    expect((await edge.get('/')).headers['server-timing']).toMatch(/^cdn-cache-refresh,/);
  });

  it(`adds Server-Timing to no response but those that ask for it, with a sampling rate of 0 (${SERVER_TIMING})`, async () => {
    const edge = await withPolicy(timed(0));
    expect((await edge.get('/')).headers['server-timing']).toBeUndefined();
    expect((await edge.get('/', { pragma: 'server-timing' })).headers['server-timing']).toMatch(/^cdn-cache-hit,/);
  });
});
