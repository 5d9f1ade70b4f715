import { afterEach, describe, expect, it } from 'vitest';

import { INVALIDATED_PATHS, INVALIDATED_TAGS } from './documentation';
import { cachePolicy, closeAll, respond, startEdge, startOrigin, until, type TestEdge } from './support';

afterEach(closeAll);

const QUERIES = {
  QueryStringsConfig: { QueryStringBehavior: 'all' },
  HeadersConfig: { HeaderBehavior: 'whitelist', Headers: ['x-variant'] },
};

async function filled(...paths: readonly string[]): Promise<TestEdge> {
  const origin = await startOrigin(respond({ 'cache-control': 's-maxage=60' }));
  const edge = await startEdge(origin, {
    behavior: { CachePolicyId: 'all' },
    resources: [cachePolicy('all', {}, QUERIES)],
  });
  for (const path of paths) await edge.get(path);
  return edge;
}

const ROWS: [rule: string, item: string, stays: string[], goes: string[]][] = [
  [`a path means that path alone (${INVALIDATED_PATHS})`, '/a', ['/a/b', '/ab', '/'], ['/a']],
  [`a path is compared with case (${INVALIDATED_PATHS})`, '/a', ['/A'], ['/a']],
  [`a path without a query leaves those with one (${INVALIDATED_PATHS})`, '/a', ['/a?b=1'], ['/a']],
  [`a path with a query means exactly that (${INVALIDATED_PATHS})`, '/a?b=1', ['/a', '/a?b=2'], ['/a?b=1']],
  [
    `a wildcard at the end means every object that begins so, queries included (${INVALIDATED_PATHS})`,
    '/a*',
    ['/b'],
    ['/a', '/ab/c', '/a?b=1'],
  ],
  [`a directory's wildcard leaves the directory itself (${INVALIDATED_PATHS})`, '/a/*', ['/a'], ['/a/', '/a/b/c']],
  [`"/*" means everything (${INVALIDATED_PATHS})`, '/*', [], ['/', '/a', '/b?c']],
  [`a leading slash may be left out (${INVALIDATED_PATHS})`, 'a', ['/b'], ['/a']],
];

describe('an invalidation', () => {
  it.each(ROWS)('%s', async (_, item, stays, goes) => {
    const edge = await filled(...stays, ...goes);
    expect(edge.edge.invalidate([item])).toBe(goes.length);
    for (const path of stays) expect(await edge.result(path)).toBe('Hit');
    for (const path of goes) expect(await edge.result(path)).toBe('Miss');
  });

  it(`means all variants of a path by headers (${INVALIDATED_PATHS})`, async () => {
    const edge = await filled('/a');
    await edge.get('/a', { 'x-variant': 'b' });
    expect(edge.edge.invalidate(['/a'])).toBe(2);
  });

  it(`meets a response that is on its way: it is passed on, not kept (${INVALIDATED_PATHS})`, async () => {
    let release: () => void = () => undefined;
    const origin = await startOrigin(
      (_, response) => (release = () => response.writeHead(200, { 'cache-control': 's-maxage=60' }).end('old')),
    );
    const edge = await startEdge(origin);
    const waiting = edge.get('/a');
    await until(() => origin.requests.length === 1);
    edge.edge.invalidate(['/a']);
    release();
    expect((await waiting).body).toBe('old');
    expect(edge.edge.stored.objects).toBe(0);
  });
});

describe('an invalidation by tag (CacheTagConfig)', () => {
  async function tagged(tags: Record<string, string>): Promise<TestEdge> {
    const origin = await startOrigin((incoming, response) => {
      response.writeHead(200, { 'cache-control': 's-maxage=60', 'X-Tags': tags[incoming.url ?? ''] ?? '' }).end('ok');
    });
    const edge = await startEdge(origin, { config: { CacheTagConfig: { HeaderName: 'x-tags' } } });
    for (const path of Object.keys(tags)) await edge.get(path);
    return edge;
  }

  it(`ends the objects that carry it, and no others (${INVALIDATED_TAGS})`, async () => {
    const edge = await tagged({ '/a': 'one, two', '/b': 'two,three', '/c': 'three' });
    expect(edge.edge.invalidate(['#two'])).toBe(2);
    expect([await edge.result('/a'), await edge.result('/b'), await edge.result('/c')]).toEqual([
      'Miss',
      'Miss',
      'Hit',
    ]);
  });

  it(`is compared without case (${INVALIDATED_TAGS})`, async () => {
    const edge = await tagged({ '/a': 'Product-1' });
    expect(edge.edge.invalidate(['#PRODUCT-1'])).toBe(1);
  });

  it(`knows no wildcard (${INVALIDATED_TAGS})`, async () => {
    const edge = await tagged({ '/a': 'product-1' });
    expect(edge.edge.invalidate(['#product*'])).toBe(0);
  });

  it(`sees the first fifty tags; the rest are dropped in silence (${INVALIDATED_TAGS})`, async () => {
    const edge = await tagged({ '/a': Array.from({ length: 60 }, (_, i) => `t${String(i)}`).join(',') });
    expect(edge.edge.invalidate(['#t50'])).toBe(0);
    expect(edge.edge.invalidate(['#t49'])).toBe(1);
  });

  it(`drops tags longer than 256 characters (${INVALIDATED_TAGS})`, async () => {
    const edge = await tagged({ '/a': 'x'.repeat(257) });
    expect(edge.edge.invalidate([`#${'x'.repeat(257)}`])).toBe(0);
  });

  it(`forgets the tags of a replaced object (${INVALIDATED_TAGS})`, async () => {
    const tags: Record<string, string> = { '/a': 'old' };
    const edge = await tagged(tags);
    edge.edge.invalidate(['/a']);
    tags['/a'] = 'new';
    await edge.get('/a');
    expect(edge.edge.invalidate(['#old'])).toBe(0);
    expect(edge.edge.invalidate(['#new'])).toBe(1);
  });

  it(`forgets the tags of an object that expired and was fetched again (${INVALIDATED_TAGS})`, async () => {
    const tags: Record<string, string> = { '/a': 'old' };
    const edge = await tagged(tags);
    tags['/a'] = 'new';
    edge.pass(61);
    await edge.get('/a');
    expect(edge.edge.invalidate(['#old'])).toBe(0);
    expect(await edge.result('/a')).toBe('Hit');
  });

  it(`meets a response that is on its way (${INVALIDATED_TAGS})`, async () => {
    let release: () => void = () => undefined;
    const origin = await startOrigin(
      (_, response) =>
        (release = () => response.writeHead(200, { 'cache-control': 's-maxage=60', 'x-tags': 'a' }).end('old')),
    );
    const edge = await startEdge(origin, { config: { CacheTagConfig: { HeaderName: 'x-tags' } } });
    const waiting = edge.get('/');
    await until(() => origin.requests.length === 1);
    edge.edge.invalidate(['#a']);
    release();
    await waiting;
    expect(edge.edge.stored.objects).toBe(0);
  });
});
