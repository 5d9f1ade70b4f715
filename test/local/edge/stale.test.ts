import { afterEach, describe, expect, it } from 'vitest';

import {
  CONDITIONAL_REQUESTS,
  ERROR_IN_CACHE,
  EXPIRATION,
  ORIGIN_UNAVAILABLE,
  STALE_IF_ERROR,
  STALE_WHILE_REVALIDATE,
} from './documentation';
import { cachePolicy, closeAll, resultOf, startEdge, startOrigin, until, type TestOrigin } from './support';

afterEach(closeAll);

/** An origin whose body counts its answers. */
async function counting(cacheControl: string, headers: Record<string, string> = {}): Promise<TestOrigin> {
  let count = 0;
  return startOrigin((_, response) => {
    count += 1;
    response.writeHead(200, { 'cache-control': cacheControl, ...headers }).end(`answer ${String(count)}`);
  });
}

describe('stale-while-revalidate', () => {
  it(`serves the stale object at once and refreshes it behind (${STALE_WHILE_REVALIDATE})`, async () => {
    const origin = await counting('s-maxage=10, stale-while-revalidate=60');
    const edge = await startEdge(origin);
    await edge.get('/');
    edge.pass(20);
    const stale = await edge.get('/');
    expect([stale.body, resultOf(stale), stale.headers.age]).toEqual(['answer 1', 'Hit', '20']);
    await until(() => origin.requests.length === 2);
    await until(() => edge.edge.stored.objects === 1);
    let body = '';
    while (body !== 'answer 2') ({ body } = await edge.get('/'));
    expect(origin.requests).toHaveLength(2);
  });

  it(`refreshes once, however many viewers come meanwhile (${STALE_WHILE_REVALIDATE})`, async () => {
    let release: () => void = () => undefined;
    const origin = await counting('s-maxage=10, stale-while-revalidate=60');
    const edge = await startEdge(origin);
    await edge.get('/');
    origin.answer = (_, response) =>
      (release = () => response.writeHead(200, { 'cache-control': 's-maxage=10' }).end('fresh'));
    edge.pass(20);
    const bodies = await Promise.all(Array.from({ length: 20 }, () => edge.get('/')));
    expect(new Set(bodies.map(({ body }) => body))).toEqual(new Set(['answer 1']));
    expect(origin.requests).toHaveLength(2);
    release();
    await until(() => edge.edge.stored.objects === 1);
  });

  it(`ends after its seconds: then the viewer waits for the origin (${STALE_WHILE_REVALIDATE})`, async () => {
    const origin = await counting('s-maxage=10, stale-while-revalidate=60');
    const edge = await startEdge(origin);
    await edge.get('/');
    edge.pass(71);
    const { body } = await edge.get('/');
    expect(body).toBe('answer 2');
  });

  it(`is capped at MaxTTL (${STALE_WHILE_REVALIDATE})`, async () => {
    const origin = await counting('s-maxage=10, stale-while-revalidate=600');
    const edge = await startEdge(origin, {
      behavior: { CachePolicyId: 'short' },
      resources: [cachePolicy('short', { max: 20 })],
    });
    await edge.get('/');
    edge.pass(31);
    expect((await edge.get('/')).body).toBe('answer 2');
  });

  it(`survives a refresh that fails: the object stays until its window ends (${STALE_WHILE_REVALIDATE})`, async () => {
    const origin = await counting('s-maxage=10, stale-while-revalidate=60');
    const edge = await startEdge(origin);
    await edge.get('/');
    origin.answer = (_, response) => response.writeHead(500).end();
    edge.pass(20);
    await edge.get('/');
    await until(() => origin.requests.length === 2);
    expect((await edge.get('/')).body).toBe('answer 1');
  });

  it(`whose answer is large and private ends there, and does not stand in the way of the next (${STALE_WHILE_REVALIDATE})`, async () => {
    const origin = await counting('s-maxage=10, stale-while-revalidate=600');
    const edge = await startEdge(origin);
    await edge.get('/');
    let closed = 0;
    origin.answer = (_, response) => {
      response.on('close', () => (closed += 1));
      response.writeHead(200, { 'cache-control': 'private' }).end(Buffer.alloc(5_000_000));
    };
    for (const count of [1, 2]) {
      edge.pass(20);
      expect((await edge.get('/')).body).toBe('answer 1');
      await until(() => closed === count);
    }
  });

  it(`goes on although the viewer that began it has left (${STALE_WHILE_REVALIDATE})`, async () => {
    const origin = await counting('s-maxage=10, stale-while-revalidate=60');
    const edge = await startEdge(origin);
    await edge.get('/');
    let release: () => void = () => undefined;
    origin.answer = (_, response) => {
      response.writeHead(200, { 'cache-control': 's-maxage=10' }).write('fre');
      release = () => response.end('sh');
    };
    edge.pass(20);
    await edge.get('/');
    await until(() => origin.requests.length === 2);
    release();
    let body = '';
    while (body !== 'fresh') ({ body } = await edge.get('/'));
  });
});

describe('a failing origin', () => {
  it(`is hidden by a stale object, which is served for the error caching minimum TTL before the next try (${ERROR_IN_CACHE})`, async () => {
    const origin = await counting('s-maxage=10');
    const edge = await startEdge(origin);
    await edge.get('/');
    origin.answer = (_, response) => response.writeHead(503).end('down');
    edge.pass(20);
    expect((await edge.get('/')).body).toBe('answer 1');
    edge.pass(9);
    expect((await edge.get('/')).body).toBe('answer 1');
    expect(origin.requests).toHaveLength(2);
    edge.pass(2);
    await edge.get('/');
    expect(origin.requests).toHaveLength(3);
  });

  it(`is not hidden when it says 4xx (${ERROR_IN_CACHE})`, async () => {
    const origin = await counting('s-maxage=10');
    const edge = await startEdge(origin);
    await edge.get('/');
    origin.answer = (_, response) => response.writeHead(404).end('gone');
    edge.pass(20);
    expect((await edge.get('/')).status).toBe(404);
  });

  it(`is hidden for as long as stale-if-error says (${STALE_IF_ERROR})`, async () => {
    const origin = await counting('s-maxage=10, stale-if-error=30');
    const edge = await startEdge(origin);
    await edge.get('/');
    origin.answer = (_, response) => response.writeHead(500).end('broken');
    edge.pass(39);
    expect((await edge.get('/')).status).toBe(200);
    edge.pass(12);
    expect((await edge.get('/')).status).toBe(500);
  });

  it(`is not hidden with stale-if-error=0 (${STALE_IF_ERROR})`, async () => {
    const origin = await counting('s-maxage=10, stale-if-error=0');
    const edge = await startEdge(origin);
    await edge.get('/');
    origin.answer = (_, response) => response.writeHead(500).end('broken');
    edge.pass(11);
    expect((await edge.get('/')).status).toBe(500);
  });

  const CAPPED: [directives: string, max: number, passed: number, status: number][] = [
    ['s-maxage=10, stale-if-error=600', 20, 29, 200],
    ['s-maxage=10, stale-if-error=600', 20, 31, 500],
    ['s-maxage=10', 20, 29, 200],
    ['s-maxage=10', 20, 31, 500],
  ];
  it.each(CAPPED)(
    `is hidden with %s no longer than MaxTTL %i s: after %i s %i (${STALE_IF_ERROR})`,
    async (directives, max, passed, status) => {
      const origin = await counting(directives);
      const edge = await startEdge(origin, {
        behavior: { CachePolicyId: 'short' },
        resources: [cachePolicy('short', { max })],
      });
      await edge.get('/');
      origin.answer = (_, response) => response.writeHead(500).end('broken');
      edge.pass(passed);
      expect((await edge.get('/')).status).toBe(status);
    },
  );

  it(`is hidden before a custom error page is shown (${STALE_IF_ERROR})`, async () => {
    const origin = await counting('s-maxage=10, stale-if-error=60');
    const rule = { ErrorCode: 500, ResponseCode: 500, ResponsePagePath: '/sorry.html' };
    const edge = await startEdge(origin, { config: { CustomErrorResponses: [rule] } });
    await edge.get('/');
    origin.answer = (incoming, response) =>
      response.writeHead(incoming.url === '/sorry.html' ? 200 : 500).end('the page');
    edge.pass(20);
    expect((await edge.get('/')).body).toBe('answer 1');
    edge.pass(60);
    expect((await edge.get('/')).body).toBe('the page');
  });

  it('is not hidden by an object that must be revalidated (RFC 9111, 5.2.2.2)', async () => {
    const origin = await counting('s-maxage=10, must-revalidate');
    const edge = await startEdge(origin);
    await edge.get('/');
    origin.answer = (_, response) => response.writeHead(500).end('broken');
    edge.pass(11);
    expect((await edge.get('/')).status).toBe(500);
  });

  it(`is hidden when it cannot be reached (${ORIGIN_UNAVAILABLE})`, async () => {
    const origin = await counting('s-maxage=10');
    const edge = await startEdge(origin);
    await edge.get('/');
    await origin.close();
    edge.pass(60);
    const answer = await edge.get('/');
    expect([answer.status, answer.body]).toEqual([200, 'answer 1']);
    const [, second] = await edge.logged(2);
    expect(second?.reason).toMatch(/^stale: no answer: .*ECONNREFUSED.* \(stale-if-error\)$/);
  });
});

describe('an expired object', () => {
  it(`is revalidated with its ETag and Last-Modified; a 304 renews it (${CONDITIONAL_REQUESTS})`, async () => {
    const modified = 'Wed, 31 Dec 2025 00:00:00 GMT';
    const origin = await counting('s-maxage=10', { etag: '"v1"', 'last-modified': modified });
    const edge = await startEdge(origin);
    await edge.get('/');
    origin.answer = (_, response) => response.writeHead(304, { 'cache-control': 's-maxage=100', etag: '"v1"' }).end();
    edge.pass(20);
    const renewed = await edge.get('/');
    expect([renewed.status, renewed.body, resultOf(renewed)]).toEqual([200, 'answer 1', 'RefreshHit']);
    expect(origin.requests[1]?.headers).toMatchObject({ 'if-none-match': '"v1"', 'if-modified-since': modified });
    edge.pass(99);
    const hit = await edge.get('/');
    expect([resultOf(hit), hit.headers['cache-control'], hit.headers.age]).toEqual(['Hit', 's-maxage=100', '99']);
  });

  it(`is replaced by a 200 (${CONDITIONAL_REQUESTS})`, async () => {
    const origin = await counting('s-maxage=10', { etag: '"v1"' });
    const edge = await startEdge(origin);
    await edge.get('/');
    edge.pass(20);
    const { body, headers } = await edge.get('/');
    expect([body, headers['x-cache']]).toEqual(['answer 2', 'Miss from cloudfront']);
    expect((await edge.get('/')).body).toBe('answer 2');
  });

  it(`with no-cache is asked for each time, and confirmed with a 304 (${EXPIRATION})`, async () => {
    const origin = await startOrigin((incoming, response) => {
      const known = incoming.headers['if-none-match'] === '"v1"';
      response.writeHead(known ? 304 : 200, { 'cache-control': 'no-cache', etag: '"v1"' }).end(known ? '' : 'body');
    });
    const edge = await startEdge(origin);
    await edge.get('/');
    const again = await edge.get('/');
    expect([again.status, again.body, resultOf(again)]).toEqual([200, 'body', 'RefreshHit']);
  });
});
