import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';

import { cleanIncoming } from '../../../runtime/http/incoming';
import { withServer } from '../with-server';

/** What the app sees of a request with these headers. */
async function seen(headers: Record<string, string>, path = '/'): Promise<IncomingHttpHeaders & { raw: string[] }> {
  return withServer(
    (request, response) => {
      cleanIncoming(request);
      response.end(JSON.stringify({ ...request.headers, raw: request.rawHeaders }));
    },
    async (ask) => JSON.parse((await ask(path, { headers })).body) as IncomingHttpHeaders & { raw: string[] },
  );
}

/** A request as CloudFront and the balancer pass it on for a viewer at 203.0.113.7 who asked by HTTPS. */
const FROM_EDGE = {
  host: 'shop.example.com',
  'x-amz-cf-id': 'id',
  'cloudfront-forwarded-proto': 'https',
  'x-forwarded-proto': 'http',
  'x-forwarded-port': '80',
  'x-forwarded-for': '203.0.113.7, 10.0.0.9',
};

describe('what comes in', () => {
  it('tells the app of the viewer, not of edge and balancer', async () => {
    expect(await seen(FROM_EDGE)).toMatchObject({
      host: 'shop.example.com',
      'x-forwarded-host': 'shop.example.com',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '443',
      'x-forwarded-for': '203.0.113.7',
    });
  });

  it("drops a client's own claims about itself", async () => {
    const forged = {
      ...FROM_EDGE,
      'x-forwarded-host': 'evil.example.com',
      'x-forwarded-for': `127.0.0.1, ${FROM_EDGE['x-forwarded-for']}`,
      'x-real-ip': '127.0.0.1',
      forwarded: 'for=127.0.0.1;host=evil.example.com',
    };
    const headers = await seen(forged);
    expect(headers).toMatchObject({ 'x-forwarded-host': 'shop.example.com', 'x-forwarded-for': '203.0.113.7' });
    expect(JSON.stringify(headers)).not.toMatch(/evil|127\.0\.0\.1/);
  });

  it("takes the viewer's address from CloudFront where it says it, version 6 included", async () => {
    expect(await seen({ ...FROM_EDGE, 'cloudfront-viewer-address': '2001:db8::1:46532' })).toMatchObject({
      'x-forwarded-for': '2001:db8::1',
    });
  });

  it('believes the balancer alone where there is no edge', async () => {
    const headers = await seen({
      host: 'localhost:8080',
      'x-forwarded-proto': 'http',
      'x-forwarded-for': '6.6.6.6, 203.0.113.7',
    });
    expect(headers).toMatchObject({
      'x-forwarded-host': 'localhost:8080',
      'x-forwarded-port': '8080',
      'x-forwarded-for': '203.0.113.7',
    });
  });

  it('ignores a protocol that is none', async () => {
    expect(await seen({ host: 'a', 'x-forwarded-proto': 'javascript' })).not.toHaveProperty('x-forwarded-proto');
  });

  it.each([
    'x-middleware-subrequest',
    'x-now-route-matches',
    'x-matched-path',
    'next-resume',
    'x-next-resume-state-length',
    'x-prerender-revalidate',
    'x-prerender-revalidate-if-generated',
    'content-security-policy',
    'content-security-policy-report-only',
    'x-nextjs-data',
    'x-middleware-prefetch',
    'x-nextjs-verdict',
    'x-nextjs-cache-tag',
  ])('keeps %s from Next', async (name) => {
    const headers = await seen({ ...FROM_EDGE, [name.toUpperCase()]: 'forged' });
    expect(JSON.stringify(headers)).not.toContain('forged');
  });

  it("leaves what Next's client says of Pages Router data", async () => {
    const headers = await seen({ ...FROM_EDGE, 'x-nextjs-data': '1' }, '/_next/data/build/page.json');
    expect(headers).toHaveProperty('x-nextjs-data', '1');
  });

  it("keeps the viewer's host where Next asks itself", async () => {
    const { headers } = await withServer(
      (request, response) => {
        process.env.__NEXT_PRIVATE_ORIGIN = `http://${request.headers.host ?? ''}`;
        cleanIncoming(request);
        delete process.env.__NEXT_PRIVATE_ORIGIN;
        response.writeHead(200, { 'x-seen': request.headers['x-forwarded-host'] ?? '' }).end();
      },
      (ask) => ask('/', { headers: { 'x-forwarded-host': 'shop.example.com' } }),
    );
    expect(headers['x-seen']).toBe('shop.example.com');
  });

  it('leaves everything else as it was sent', async () => {
    const { raw, ...headers } = await seen({ ...FROM_EDGE, 'X-Custom': 'kept', cookie: 'a=1' });
    expect(headers).toMatchObject({ 'x-custom': 'kept', cookie: 'a=1' });
    expect(raw).toContain('X-Custom');
  });
});
