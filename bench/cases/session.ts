import { createRequire } from 'node:module';

/** A request of a browser, as the edge sees it. */
export interface BrowserRequest {
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
}

type HashOf = (
  prefetch: string | undefined,
  segment: string | undefined,
  stateTree: string | undefined,
  nextUrl: string | undefined,
) => Promise<string>;

/** The router's own, for `_rsc`. It is there once what is compared with is installed. */
const hashOf: HashOf = (...headers) => {
  const module = 'next/dist/shared/lib/router/utils/cache-busting-search-param.js';
  const router = createRequire(import.meta.url)(module) as { computeCacheBustingSearchParam: HashOf };
  return router.computeCacheBustingSearchParam(...headers);
};

const CATEGORIES = 12;
const PRODUCTS = 300;
/** Links that a viewer scrolls into sight. */
const SEEN = 10;
const PAGES = 8;
/** Every fifth page is loaded anew: entered, reloaded, opened in a tab. */
const LOADED_ANEW = 0.2;

/** https://developer.mozilla.org/docs/Web/HTTP/Guides/Content_negotiation/List_of_default_Accept_values */
const ACCEPT = [
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/png,image/svg+xml,*/*;q=0.8',
];

/**
 * The requests of many viewers of a shop, by the rules of the router of Next.js 16.4: a link in sight is prefetched once, segment by segment,
 * with the page that it was seen on as `next-url`; a page that was prefetched is shown without a request.
 */
export async function browse(viewers: number): Promise<BrowserRequest[]> {
  const random = generator(7);
  const sessions: BrowserRequest[][] = [];
  for (let viewer = 0; viewer < viewers; viewer += 1) sessions.push(await sessionOf(viewer, random));
  return interleaved(sessions);
}

async function sessionOf(viewer: number, random: () => number): Promise<BrowserRequest[]> {
  const requests: BrowserRequest[] = [];
  // As analytics and shops set them for nearly everybody.
  const cookies: Record<string, string> = viewer % 10 === 0 ? {} : { cookie: `visitor=${viewer}; consent=1` };
  const accept = ACCEPT[viewer % ACCEPT.length] ?? '*/*';
  let known = new Set<string>();
  let page = random() < 0.5 ? '/' : productPath(random);
  for (let count = 0; count < PAGES; count += 1) {
    if (count === 0 || random() < LOADED_ANEW) {
      requests.push({ path: page, query: '', headers: { accept, ...cookies } });
      known = new Set();
    }
    const links = linksOf(page, random);
    for (const link of links.filter((target) => !known.has(target))) {
      known.add(link);
      for (const segment of segmentsOf(link)) requests.push(await prefetch(link, segment, page, cookies));
    }
    page = links[Math.floor(random() * links.length)] ?? '/';
  }
  return requests;
}

/** `next/dist/client/components/segment-cache/cache.js`, `fetchRouteOnCacheMiss` and `fetchSegmentOnCacheMiss` */
async function prefetch(
  path: string,
  segment: string,
  page: string,
  cookies: Readonly<Record<string, string>>,
): Promise<BrowserRequest> {
  const headers = {
    rsc: '1',
    'next-router-prefetch': '1',
    'next-router-segment-prefetch': segment,
    'next-url': page,
    accept: '*/*',
  };
  return { path, query: `_rsc=${await hashOf('1', segment, undefined, page)}`, headers: { ...headers, ...cookies } };
}

/** The head and small layouts come with the page: `experimental.prefetchInlining`, which is the default from 16.3 on. */
function segmentsOf(path: string): readonly string[] {
  const route = path.startsWith('/products/') ? '/products/$d$slug/__PAGE__' : '/__PAGE__';
  return ['/_tree', route];
}

function linksOf(page: string, random: () => number): string[] {
  const navigation = Array.from({ length: CATEGORIES }, (_, index) => `/categories/${index}`);
  const others = Array.from({ length: SEEN }, () => productPath(random));
  return [...new Set([...navigation, ...others])].filter((link) => link !== page);
}

/** Some are asked for much more than others. */
function productPath(random: () => number): string {
  return `/products/${Math.floor(PRODUCTS * random() ** 3)}`;
}

/** Viewers browse at the same time. */
function interleaved(sessions: readonly BrowserRequest[][]): BrowserRequest[] {
  const longest = Math.max(...sessions.map(({ length }) => length));
  return Array.from({ length: longest }, (_, index) => sessions.flatMap((session) => session[index] ?? [])).flat();
}

/** The same numbers each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
