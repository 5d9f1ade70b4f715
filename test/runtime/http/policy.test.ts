import { describe, expect, it } from 'vitest';

import { type Answer, NEVER_STORED, decide } from '../../../runtime/http/policy';

const OPTIONS = { namespace: '0123456789abcdef', notFoundMaxAge: 10 };
const ISR = 's-maxage=60, stale-while-revalidate=31535940';
const STATIC = 's-maxage=31536000';

/** A page from Next's cache, with everything proved. */
const PAGE: Answer = {
  method: 'GET',
  status: 200,
  cacheControl: ISR,
  nextCache: 'HIT',
  setsCookie: false,
  authorized: false,
  draft: false,
  proxied: false,
  image: false,
  evidence: { standing: 'current', tags: ['products'] },
};

/** A route handler's own answer, of which the cache knows nothing. */
const ROUTE: Answer = {
  ...PAGE,
  cacheControl: undefined,
  nextCache: undefined,
  evidence: { standing: 'none', tags: [] },
};
const OUTDATED = { standing: 'outdated', tags: ['products'] } as const;
const UNKNOWN = { standing: 'none', tags: [] } as const;

/** `kept`: the answer's own Cache-Control leaves. */
type Row = readonly [behaviour: string, answer: Answer, leaves: string];

function leaving(answer: Answer): string {
  return decide(answer, OPTIONS).cacheControl ?? 'kept';
}

describe('what a shared cache may keep', () => {
  it.each<Row>([
    ['a fresh page keeps its whole lifetime', PAGE, 'kept'],
    ['so does a page without an end', { ...PAGE, cacheControl: STATIC }, 'kept'],
    ['so does one that was just rendered', { ...PAGE, nextCache: 'MISS' }, 'kept'],
    ['so does one that was revalidated on demand', { ...PAGE, nextCache: 'REVALIDATED' }, 'kept'],
    ['so does a 304', { ...PAGE, status: 304 }, 'kept'],
    ['so does an answer to HEAD', { ...PAGE, method: 'HEAD' }, 'kept'],
    ['a page whose tag moved is kept for a second', { ...PAGE, evidence: OUTDATED }, 's-maxage=1'],
    ['so is its 304', { ...PAGE, status: 304, evidence: OUTDATED }, 's-maxage=1'],
    ['so is a page without a verdict', { ...PAGE, evidence: UNKNOWN }, 's-maxage=1'],
    ['so is a page that Next calls stale, whatever the verdict says', { ...PAGE, nextCache: 'STALE' }, 's-maxage=1'],
    [
      'so is a stale page whose lifetime the app set itself',
      { ...PAGE, cacheControl: 'public, max-age=60, s-maxage=600', evidence: OUTDATED },
      's-maxage=1',
    ],
    ['a dynamic page leaves as it is', { ...PAGE, cacheControl: NEVER_STORED, nextCache: undefined }, 'kept'],
    ['a file of public/ leaves as it is', { ...ROUTE, cacheControl: 'public, max-age=0' }, 'kept'],
    ['a file of the build leaves as it is', { ...ROUTE, cacheControl: 'public, max-age=31536000, immutable' }, 'kept'],
    ['a lifetime that a route handler sets wins', { ...ROUTE, cacheControl: 'public, s-maxage=600' }, 'kept'],
    [
      'unless the handler read data that is stale by now',
      { ...ROUTE, cacheControl: 'public, s-maxage=600', evidence: OUTDATED },
      's-maxage=1',
    ],
  ])('%s', (_, answer, leaves) => {
    expect(leaving(answer)).toBe(leaves);
  });
});

describe('images', () => {
  const image = { ...PAGE, cacheControl: 'public, max-age=14400, must-revalidate', image: true, evidence: UNKNOWN };

  it.each<Row>([
    ['keep their lifetime without a verdict, because no tag invalidates them', image, 'kept'],
    ['are kept for a second while they are stale', { ...image, nextCache: 'STALE' }, 's-maxage=1'],
  ])('%s', (_, answer, leaves) => {
    expect(leaving(answer)).toBe(leaves);
  });

  it('carry no tags, so that neither a revalidation nor a deployment purges them', () => {
    expect(decide(image, OPTIONS).cacheTags).toEqual([]);
  });
});

describe('what is for one viewer only', () => {
  it.each<Row>([
    ['a page with Set-Cookie is never stored', { ...PAGE, setsCookie: true }, NEVER_STORED],
    ['nor is its 304', { ...PAGE, status: 304, setsCookie: true }, NEVER_STORED],
    [
      "the browser's part of its lifetime stays",
      { ...ROUTE, setsCookie: true, cacheControl: 'public, max-age=60, s-maxage=600' },
      'private, max-age=60',
    ],
    [
      'an answer to Authorization is not shared',
      { ...ROUTE, authorized: true, cacheControl: 's-maxage=600' },
      NEVER_STORED,
    ],
    ['nor is a static page asked for with it', { ...PAGE, authorized: true }, NEVER_STORED],
    ['unless the app says public', { ...ROUTE, authorized: true, cacheControl: 'public, s-maxage=600' }, 'kept'],
    ['a page behind a proxy is not shared', { ...PAGE, proxied: true }, NEVER_STORED],
    ['draft mode is never stored', { ...PAGE, draft: true }, NEVER_STORED],
    ['not even in the browser', { ...ROUTE, draft: true, cacheControl: 'public, max-age=60' }, NEVER_STORED],
    ['an answer to POST is never stored', { ...ROUTE, method: 'POST', cacheControl: 's-maxage=60' }, NEVER_STORED],
    ['a part of a body is never stored', { ...ROUTE, status: 206, cacheControl: 'public, max-age=60' }, NEVER_STORED],
    [
      'stale-while-revalidate alone is a lifetime too',
      { ...PAGE, setsCookie: true, cacheControl: 's-maxage=0, stale-while-revalidate=60' },
      NEVER_STORED,
    ],
  ])('%s', (_, answer, leaves) => {
    expect(leaving(answer)).toBe(leaves);
  });
});

describe('answers without Cache-Control', () => {
  it.each<Row>([
    ['are private, so that one is not given to all who ask at the same moment', ROUTE, 'private, no-cache'],
    ['a redirect is private, and a browser may remember it', { ...ROUTE, status: 308 }, 'private'],
    ['a redirect with a cookie is not remembered', { ...ROUTE, status: 307, setsCookie: true }, 'private, no-cache'],
    ['a server error is never stored', { ...ROUTE, status: 500 }, NEVER_STORED],
    ['a 404 is private', { ...ROUTE, status: 404 }, 'private, no-cache'],
    ['an answer to POST leaves as it is', { ...ROUTE, method: 'POST' }, 'kept'],
  ])('%s', (_, answer, leaves) => {
    expect(leaving(answer)).toBe(leaves);
  });
});

describe('errors', () => {
  it.each<Row>([
    ["a 404 from Next's cache is kept ten seconds", { ...PAGE, status: 404 }, 's-maxage=10'],
    ['a shorter lifetime stays', { ...PAGE, status: 404, cacheControl: 's-maxage=5' }, 'kept'],
    [
      'a short one with a long stale-while-revalidate loses the latter',
      { ...PAGE, status: 404, cacheControl: 's-maxage=5, stale-while-revalidate=600' },
      's-maxage=5',
    ],
    ['a lifetime that the app gave its 404 wins', { ...ROUTE, status: 404, cacheControl: 's-maxage=600' }, 'kept'],
    ['a 404 whose tag moved is kept for a second', { ...PAGE, status: 404, evidence: OUTDATED }, 's-maxage=1'],
    [
      'an error of the server is kept ten seconds even where the app wants more',
      { ...ROUTE, status: 503, cacheControl: 's-maxage=600' },
      's-maxage=10',
    ],
    ["an empty answer in a page's place is kept for a second", { ...PAGE, status: 204 }, 's-maxage=1'],
    ['a refusal is kept ten seconds', { ...ROUTE, status: 403, cacheControl: 'public, max-age=600' }, 's-maxage=10'],
  ])('%s', (_, answer, leaves) => {
    expect(leaving(answer)).toBe(leaves);
  });
});

describe('tags', () => {
  const tagsOf = (answer: Answer): readonly string[] => decide(answer, OPTIONS).cacheTags;

  it('are on everything that is shared', () => {
    expect(tagsOf(PAGE)).toEqual(['page', 'deployment-0123456789abcdef', expect.stringMatching(/^[0-9a-f]{16}$/)]);
    expect(tagsOf({ ...PAGE, evidence: OUTDATED })).toHaveLength(3);
    expect(tagsOf({ ...ROUTE, cacheControl: 's-maxage=600' })).toEqual(['page', 'deployment-0123456789abcdef']);
  });

  it('are on nothing that is not', () => {
    expect(tagsOf({ ...PAGE, setsCookie: true })).toEqual([]);
    expect(tagsOf({ ...PAGE, cacheControl: NEVER_STORED })).toEqual([]);
    expect(tagsOf(ROUTE)).toEqual([]);
  });

  it('are not on what never changes', () => {
    expect(tagsOf({ ...ROUTE, cacheControl: 'public, max-age=31536000, immutable' })).toEqual([]);
  });
});
