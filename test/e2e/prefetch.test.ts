import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { prepareApp, prepareAssets, prepareSite } from '../fixtures/prepare';
import { type FixtureVersion, requestedVersions } from '../fixtures/versions';
import { edgeRequest, EdgeFunctionUnderTest } from '../lib/edge-request';
import { RunningStack } from './local-stack';
import { get, type Page } from './page';

type RouterHeaders = Readonly<Record<string, string>>;
type Said = [prefetch?: string, segment?: string, stateTree?: string, nextUrl?: string];

/** Next's own: https://github.com/vercel/next.js/blob/v16.4.6/packages/next/src/shared/lib/router/utils/cache-busting-search-param.ts */
interface Router {
  computeCacheBustingSearchParam(...said: Said): Promise<string>;
  computeLegacyCacheBustingSearchParam(...said: Said): string;
}

const MODULE = 'next/dist/shared/lib/router/utils/cache-busting-search-param.js';

function routerOf(app: string): Router {
  return createRequire(path.join(app, 'package.json'))(MODULE) as Router;
}

const saidIn = (headers: RouterHeaders): Said => [
  headers['next-router-prefetch'],
  headers['next-router-segment-prefetch'],
  headers['next-router-state-tree'],
  headers['next-url'],
];

type Hash = (router: Router, headers: RouterHeaders) => Promise<string> | string;

const sha256: Hash = (router, headers) => router.computeCacheBustingSearchParam(...saidIn(headers));
/** Without a secure context, and in earlier versions. */
const legacy: Hash = (router, headers) => router.computeLegacyCacheBustingSearchParam(...saidIn(headers));

const HASHES = [
  { name: 'SHA-256', hash: sha256 },
  { name: 'five digits', hash: legacy },
];

const STATE_TREE = encodeURIComponent(JSON.stringify(['', { children: ['__PAGE__', {}] }, null, 'refetch']));
const PREFETCH = { rsc: '1', 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' };

/** What the router asks for: the segments of a link in sight, what is missing of a page, and all of it. */
const REQUESTS: Record<string, RouterHeaders> = {
  'the tree': PREFETCH,
  'its segment': { ...PREFETCH, 'next-router-segment-prefetch': '/__PAGE__' },
  'the page with its state': { rsc: '1', 'next-router-state-tree': STATE_TREE },
  'the page': { rsc: '1' },
};

const MISS = 'Miss from cloudfront';
const HIT = 'Hit from cloudfront';

const seen = ({ status, headers }: Page) => [status, headers.get('content-type'), headers.get('x-cache')];

/** Asks until the edge answers with a payload: what a server cannot prove to be fresh it keeps for a second only. */
function untilKept(request: () => Promise<Page>): Promise<Page> {
  return vi.waitFor(
    async () => {
      const page = await request();
      expect(seen(page)).toEqual([200, 'text/x-component', HIT]);
      return page;
    },
    { timeout: 30_000, interval: 50 },
  );
}

/** Asks as the router does for a link on a page. */
async function ask(url: string, router: Router, headers: RouterHeaders, hash: Hash = sha256): Promise<Page> {
  return get(`${url}${url.includes('?') ? '&' : '?'}_rsc=${await hash(router, headers)}`, headers);
}

/** Goes where the server sends, as a browser does: with the same headers. */
async function follow(url: string, headers: RouterHeaders): Promise<{ page: Page; redirects: number }> {
  let address = url;
  for (let redirects = 0; ; redirects += 1) {
    const page = await get(address, headers);
    const location = page.headers.get('location');
    if (location === null || redirects > 5) return { page, redirects };
    address = new URL(location, address).href;
  }
}

/** All that a router may say, each with each. */
const EVERY_REQUEST: readonly RouterHeaders[] = [undefined, '1', '2', '3'].flatMap((prefetch) =>
  [undefined, '/_tree', '/products/$d$slug/__PAGE__', '/!KGdyb3VwKQ/__PAGE__'].flatMap((segment) =>
    [undefined, STATE_TREE, encodeURIComponent(JSON.stringify(['', 'x'.repeat(4000)]))].flatMap((stateTree) =>
      ['/', '/gallery', '/caf%C3%A9/%20', '/a,0?b=c&d', `/${'long/'.repeat(200)}`].map((nextUrl) => ({
        rsc: '1',
        ...(prefetch && { 'next-router-prefetch': prefetch }),
        ...(segment && { 'next-router-segment-prefetch': segment }),
        ...(stateTree && { 'next-router-state-tree': stateTree }),
        'next-url': nextUrl,
      })),
    ),
  ),
);

const without = (name: string, headers: RouterHeaders): RouterHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([other]) => other !== name));

describe.each(requestedVersions())('a prefetch of Next.js %s', (version: FixtureVersion) => {
  const isShared = !version.startsWith('15.');
  const isChecked = isShared && !version.startsWith('16.2.');
  let stack: RunningStack;
  let router: Router;

  beforeAll(async () => {
    await prepareAssets();
    const app = await prepareApp(version);
    router = routerOf(app);
    stack = await RunningStack.start({ app, replicas: 1 });
    return async () => {
      await stack.stop();
    };
  });

  it.each(HASHES)('is hashed at the edge as its router does: $name', async ({ hash }) => {
    const edge = new EdgeFunctionUnderTest({ pathsWithNextUrl: [] });
    let rewritten = 0;
    for (const headers of EVERY_REQUEST) {
      const given = await hash(router, headers);
      const { querystring, headers: left } = edge.run(edgeRequest(`/?_rsc=${given}`, headers));
      // What is long is not counted at the edge, and passes as it is.
      if (left['next-url'] !== undefined && hash === legacy) continue;
      rewritten += 1;
      expect(left, given).not.toHaveProperty('next-url');
      expect(querystring._rsc?.value, given).toBe(await hash(router, without('next-url', headers)));
    }
    expect(rewritten).toBeGreaterThan(EVERY_REQUEST.length / 2);
  });

  const cases = Object.entries(REQUESTS).flatMap(([what, headers]) =>
    HASHES.map((given) => ({ what, headers, ...given })),
  );

  it.runIf(isShared).each(cases)(
    'of $what is asked for once, whichever page shows the link, and answered as by the server: $name',
    async ({ what, headers, name, hash }) => {
      const ofPage = (nextUrl: string, base = stack.url) =>
        ask(`${base}/?case=${encodeURIComponent(what + name)}`, router, { ...headers, 'next-url': nextUrl }, hash);
      // Each request is of another page: none would be a hit, however often one asks.
      const kept = await untilKept(() => ofPage(`/${randomUUID()}`));
      const direct = await ofPage('/account', stack.replicas[0]?.url);
      expect([direct.status, direct.body]).toEqual([200, kept.body]);
    },
  );

  it.runIf(!isShared)(
    'is asked for once for each page, as its server does not check what it is asked for',
    async () => {
      const ofPage = (nextUrl: string) => ask(`${stack.url}/`, router, { ...PREFETCH, 'next-url': nextUrl });
      await untilKept(() => ofPage('/account'));
      expect(seen(await ofPage('/isr-long'))).toEqual([200, 'text/x-component', MISS]);
    },
  );

  it('is not answered with what somebody else had put under its address', async () => {
    const victims: RouterHeaders[] = [{ ...PREFETCH, 'next-url': '/account' }, PREFETCH];
    const forgeries: RouterHeaders[] = [
      { rsc: '1' },
      { rsc: '1', 'next-url': '/account' },
      { ...PREFETCH, 'next-url': '/' },
    ];
    for (const [index, victim] of victims.entries()) {
      const address = `/isr-long?victim=${index}&_rsc=${await sha256(router, victim)}`;
      for (const headers of forgeries) await get(`${stack.url}${address}`, { ...headers });
      const answer = await get(`${stack.url}${address}`, { ...victim });
      const direct = await get(`${stack.replicas[0]?.url ?? ''}${address}`, { ...victim });
      expect([answer.status, answer.body]).toEqual([200, direct.body]);
    }
  });

  it('with a hash that is not known is answered, after one redirect at most', async () => {
    const headers = { ...PREFETCH, 'next-url': '/account' };
    for (const hash of ['AAAAAAAAAAAAAAAA', 'zzzzz', 'a-hash-of-another-length']) {
      const { page, redirects } = await follow(`${stack.url}/?_rsc=${hash}`, headers);
      expect([page.status, page.headers.get('content-type'), redirects]).toEqual([
        200,
        'text/x-component',
        isChecked ? 1 : 0,
      ]);
    }
  });

  it('goes along when the page has moved', async () => {
    const headers = { ...PREFETCH, 'next-url': '/account' };
    const hash = await sha256(router, headers);
    const { page, redirects } = await follow(`${stack.url}/moved-by-config?_rsc=${hash}`, headers);
    expect([page.status, page.headers.get('content-type'), redirects]).toEqual([200, 'text/x-component', 1]);
  });
});

describe('an app with intercepting routes', () => {
  let stack: RunningStack;
  let router: Router;

  beforeAll(async () => {
    await prepareAssets();
    const app = await prepareSite('intercepting');
    router = routerOf(app);
    stack = await RunningStack.start({ app, replicas: 1 });
    return async () => {
      await stack.stop();
    };
  });

  it.each([
    ['/feed', 'the photo in the feed'],
    ['/', 'the photo for itself'],
  ])('has the answer for a link on %s: %s', async (nextUrl, text) => {
    const page = await untilKept(() => ask(`${stack.url}/photo`, router, { rsc: '1', 'next-url': nextUrl }));
    expect(page.body).toContain(text);
  });
});
