import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { viewerRequestCode, type ViewerRequestOptions } from '../../lib/private/viewer-request';
import { edgeRequest, EdgeFunctionUnderTest } from './edge-request';
import { hasNjs, runInNjs } from './njs';

interface Request {
  readonly method: string;
  readonly uri: string;
  readonly headers: Record<string, { value: string }>;
}

/** Runs the function as CloudFront does, with header names in lower case; gives the request that goes on. */
function viewerRequest(
  uri: string,
  headers: Record<string, string>,
  options: Partial<ViewerRequestOptions> = { imagePath: '/_next/image' },
) {
  const request: Request = {
    method: 'GET',
    uri,
    headers: Object.fromEntries(
      Object.entries({ host: 'shop.example.com', ...headers }).map(([name, value]) => [name, { value }]),
    ),
  };
  const result = runInNewContext(
    `${viewerRequestCode({ cacheTagHeader: 'x-nextjs-cache-tag', ...options })}; JSON.stringify(handler(event))`,
    {
      event: { request },
    },
  ) as string;
  const { headers: sent } = JSON.parse(result) as Request;
  return Object.fromEntries(Object.entries(sent).map(([name, { value }]) => [name, value]));
}

describe('the viewer-request function', () => {
  it('fits into the ten kilobytes that CloudFront allows', () => {
    expect(
      Buffer.byteLength(
        viewerRequestCode({
          imagePath: '/a-rather-long-base-path/_next/image',
          pathsWithNextUrl: Array.from({ length: 100 }, (_, index) => `/path/${index}`),
          cacheTagHeader: 'cache-tag',
        }),
      ),
    ).toBeLessThan(10_240 / 2);
  });

  it.each([
    'x-middleware-subrequest',
    'x-prerender-revalidate',
    'x-now-route-matches',
    'next-resume',
    'x-nextjs-verdict',
    'x-nextjs-cache-tag',
    'x-next-revalidated-tags',
    'content-security-policy',
  ])('takes %s from the request', (name) => {
    expect(viewerRequest('/', { [name]: 'x' })).not.toHaveProperty(name);
  });

  it("says the viewer's host, whatever the viewer claims it was", () => {
    expect(viewerRequest('/', { 'x-forwarded-host': 'evil.example' })).toMatchObject({
      'x-forwarded-host': 'shop.example.com',
    });
  });

  it('keeps what the router says', () => {
    const router = {
      rsc: '1',
      'next-router-prefetch': '1',
      'next-router-state-tree': 'x',
      'x-nextjs-data': '1',
      'x-middleware-prefetch': '1',
    };
    expect(viewerRequest('/_next/data/build/index.json', router)).toMatchObject(router);
  });

  it("takes the router's mark of data requests from those for pages", () => {
    expect(viewerRequest('/', { 'x-nextjs-data': '1' })).not.toHaveProperty('x-nextjs-data');
  });

  it('takes the header of the cache tags, whatever its name', () => {
    expect(viewerRequest('/', { 'edge-tags': 'x' }, { cacheTagHeader: 'edge-tags' })).not.toHaveProperty('edge-tags');
  });

  it('takes an RSC header that Next.js would not heed, so that it is no key', () => {
    expect(viewerRequest('/', { rsc: 'junk' })).not.toHaveProperty('rsc');
  });

  it.each([
    ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', 'image/avif,image/webp,*/*'],
    ['image/webp,image/png,*/*;q=0.5', 'image/webp,*/*'],
    ['image/png', '*/*'],
  ])('reduces Accept of images from %s to %s', (accept, normalised) => {
    expect(viewerRequest('/_next/image', { accept }).accept).toBe(normalised);
  });

  it('gives images without Accept the plain format', () => {
    expect(viewerRequest('/_next/image', {}).accept).toBe('*/*');
  });

  it('leaves Accept of pages, and of all in apps whose server optimizes no images, as it is', () => {
    expect(viewerRequest('/', { accept: 'text/html' }).accept).toBe('text/html');
    expect(viewerRequest('/_next/image', { accept: 'text/html' }, {}).accept).toBe('text/html');
  });
});

describe.skipIf(!hasNjs())('the viewer-request function in njs', () => {
  it.each([
    ['/', { 'x-forwarded-host': 'evil.example', 'next-resume': '1', rsc: 'junk', accept: 'text/html' }],
    ['/_next/image', { accept: 'image/avif,image/webp,*/*;q=0.8' }],
    ['/_next/data/build/index.json', { 'x-nextjs-data': '1', rsc: '1' }],
  ])('does with %s what it does in Node.js', (path, headers) => {
    const edge = new EdgeFunctionUnderTest({
      imagePath: '/_next/image',
      userCode: 'function viewerRequest(event) { return event.request; }',
    });
    const request = edgeRequest(path, headers);
    expect(runInNjs(edge.code, { context: {}, request })).toEqual(edge.run(request));
  });
});

describe("a user's own code in it", () => {
  it('sees the request without what a viewer may not say, and may change it', () => {
    const userCode = `function viewerRequest(event) {
      event.request.headers['x-seen'] = { value: Object.keys(event.request.headers).join(' ') };
      return event.request;
    }`;
    expect(viewerRequest('/', { 'next-resume': '1' }, { userCode })['x-seen']).toBe('host x-forwarded-host');
  });
});
