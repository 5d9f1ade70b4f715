import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Header } from '../../../contract';
import { EdgeTag, edgeTagOf } from '../../../runtime/http/cache-tags';
import { NEVER_STORED } from '../../../runtime/http/policy';
import { Origin } from '../../fixtures/origin';
import { requestedVersions } from '../../fixtures/versions';
import type { Answered, AskOptions } from '../with-server';
import { PackedApp } from './packed-app';
import { StartedServer, until } from './started-server';
import { Stores } from './stores';

const ISR = /^s-maxage=60(, stale-while-revalidate=31535940)?$/;
const IMAGE = /^public, max-age=(60|14400), must-revalidate$/;
const RSC = { rsc: '1' };
const IMAGE_PATH = '/_next/image?url=%2Fpicture.png&w=640&q=75';

describe.each(requestedVersions())('what leaves a server of Next.js %s', (version) => {
  let app: PackedApp;
  let stores: Stores;
  let origin: Origin;
  let server: StartedServer;

  beforeAll(async () => {
    [app, stores, origin] = await Promise.all([PackedApp.pack(version), Stores.start(), Origin.start()]);
    server = await StartedServer.start(app, { environment: { ...stores.environment, FIXTURE_ORIGIN: origin.url } });
  });

  afterAll(async () => {
    await server.kill();
    await Promise.all([app.remove(), stores.close(), origin.close()]);
  });

  /** Follows Next's redirect to the right `_rsc`, as its router never has to. */
  async function ask(target: string, options?: AskOptions): Promise<Answered> {
    const answer = await server.ask(target, options);
    const { location } = answer.headers;
    return answer.status === 307 && location?.includes('_rsc') === true ? server.ask(location, options) : answer;
  }

  /**
   * Asks until there is nothing to regenerate: what was prerendered long ago is stale at first, and a first request may take longer than
   * the server's view of the tags is good for.
   */
  async function askFresh(path: string, options?: AskOptions): Promise<Answered> {
    let answer = await ask(path, options);
    await until(async () => {
      const { 'x-nextjs-cache': state, 'cache-control': cacheControl } = answer.headers;
      if (state !== 'STALE' && cacheControl !== 's-maxage=1') return true;
      answer = await ask(path, options);
      return false;
    });
    return answer;
  }

  function revalidate(...tags: string[]): Promise<Answered> {
    const headers = { 'content-type': 'application/json' };
    return server.ask('/api/revalidate', { method: 'POST', headers, body: JSON.stringify({ tags }) });
  }

  describe('may be kept by the edge, with tags', () => {
    it.each<[name: string, path: string, status: number, cacheControl: RegExp, options?: AskOptions]>([
      ['a static page', '/', 200, /^s-maxage=31536000$/],
      ['a prerendered ISR page', '/posts/first', 200, ISR],
      ['an ISR page rendered on demand', '/posts/on-demand', 200, ISR],
      ['its RSC payload', '/posts/on-demand', 200, ISR, { headers: RSC }],
      ['its prefetch', '/posts/first', 200, ISR, { headers: { ...RSC, 'next-router-prefetch': '1' } }],
      [
        'a prefetched segment',
        '/posts/first',
        200,
        ISR,
        { headers: { ...RSC, 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' } },
      ],
      ['a static route handler', '/api/static', 200, ISR],
      ['a route handler rendered on demand', '/api/kept/on-demand', 200, ISR],
      ['a page of the Pages Router', '/legacy/on-demand', 200, ISR],
      ["a page with 'use cache'", '/use-cache/on-demand', 200, /^s-maxage=60, stale-while-revalidate=\d+$/],
      ['a redirect of an ISR page', '/moved/a', 307, ISR],
      ['a 404 of an ISR page, for ten seconds', '/missing/a', 404, /^s-maxage=10$/],
      ["a lifetime that the app sets itself, although nobody's tag is on it", '/api/authorized', 200, /^s-maxage=60$/],
    ])('%s: %s', async (_, path, status, cacheControl, options) => {
      for (const answer of [await askFresh(path, options), await askFresh(path, options)]) {
        expect(answer.status).toBe(status);
        expect(answer.headers['cache-control']).toMatch(cacheControl);
        expect(tagsOf(answer).slice(0, 2)).toEqual([EdgeTag.PAGE, EdgeTag.deployment(app.facts.namespace)]);
      }
    });

    it('Pages Router data: as its page', async () => {
      const answer = await askFresh(`/_next/data/${app.facts.buildId}/legacy/data.json`);
      expect(answer.headers['cache-control']).toMatch(ISR);
    });

    it('a 304, by the same rules as its 200', async () => {
      const { headers } = await askFresh('/posts/first');
      const again = await ask('/posts/first', { headers: { 'if-none-match': headers.etag ?? '' } });
      expect(again.status).toBe(304);
      expect(again.headers['cache-control']).toBe(headers['cache-control']);
      expect(tagsOf(again)).toEqual(tagsOf({ headers }));
    });

    it("each under its own data's tags", async () => {
      expect(tagsOf(await ask('/posts/tagged'))).toEqual(
        expect.arrayContaining(['posts', 'post:tagged'].map(edgeTagOf)),
      );
    });
  });

  describe('is for one viewer only, without tags', () => {
    it.each<[name: string, path: string, status: number, cacheControl: string, options?: AskOptions]>([
      ['a dynamic page', '/dynamic', 200, NEVER_STORED],
      ["a dynamic page's RSC payload", '/dynamic', 200, NEVER_STORED, { headers: RSC }],
      ['a page that reads cookies', '/account', 200, NEVER_STORED],
      ['a streamed page', '/streaming', 200, NEVER_STORED],
      ['a server-side page of the Pages Router', '/server-side', 200, NEVER_STORED],
      ['an unknown path', '/unknown', 404, NEVER_STORED],
      ["a build's file that is not there", '/_next/static/unknown.js', 404, NEVER_STORED],
      ['a failing page', '/failing', 500, NEVER_STORED],
      ['a dynamic route handler', '/api/dynamic', 200, 'private, no-cache'],
      ['an API route', '/api/legacy', 200, 'private, no-cache'],
      ['an automatically static page', '/auto-static', 200, 'private, no-cache'],
      ['a redirect of next.config', '/moved-by-config', 308, 'private'],
      ['a file of public/', '/picture.png', 200, 'public, max-age=0'],
      ['a part of one', '/picture.png', 206, 'public, max-age=0', { headers: { range: 'bytes=0-9' } }],
      ['a metadata route', '/robots.txt', 200, 'public, max-age=0, must-revalidate'],
      ['a page with a cookie in next.config', '/with-cookie', 200, NEVER_STORED],
      ['a route handler with a cookie', '/api/cookie', 200, NEVER_STORED],
      ['an answer to Authorization', '/api/authorized', 200, NEVER_STORED, { headers: { authorization: 'Bearer a' } }],
      [
        'a page asked for with Authorization',
        '/posts/first',
        200,
        NEVER_STORED,
        { headers: { authorization: 'Bearer a' } },
      ],
      ['a page behind a proxy', '/guarded', 200, NEVER_STORED, { headers: { cookie: 'pass=1' } }],
      ["a proxy's refusal", '/guarded', 401, 'private, no-cache'],
      [
        'a page asked for with a forged draft cookie',
        '/posts/first',
        200,
        NEVER_STORED,
        { headers: { cookie: '__prerender_bypass=a' } },
      ],
    ])('%s: %s', async (_, path, status, cacheControl, options) => {
      for (const answer of [await askFresh(path, options), await askFresh(path, options)]) {
        expect(answer.status).toBe(status);
        expect(answer.headers['cache-control']).toBe(cacheControl);
        expect(tagsOf(answer)).toEqual([]);
      }
    });

    it('a draft, which others do not see', async () => {
      const draft = await ask('/api/draft');
      const cookie = (draft.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ');
      const seen = await ask('/draft', { headers: { cookie } });
      expect(seen.body).toContain('data-value="draft"');
      expect(seen.headers['cache-control']).toBe(NEVER_STORED);
      expect((await askFresh('/draft')).body).toContain('data-value="published"');
    });
  });

  it('a file of the build is kept for ever, without tags', async () => {
    const chunk = /\/_next\/static\/[^"\\]+\.js/.exec((await ask('/')).body)?.[0] ?? '';
    const answer = await ask(chunk);
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect(tagsOf(answer)).toEqual([]);
  });

  it('an image may be kept by the edge without tags, because nothing purges it', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => askFresh(IMAGE_PATH)));
    for (const answer of answers) {
      expect([answer.status, answer.headers['cache-control'], tagsOf(answer)]).toEqual([
        200,
        expect.stringMatching(IMAGE),
        [],
      ]);
    }
  });

  it('a page behind a proxy may be kept where the user says so', async () => {
    const environment = { ...stores.environment, NEXTJS_CACHE_PROXIED_ROUTES: '1' };
    const open = await StartedServer.start(app, { environment });
    await until(async () =>
      ISR.test((await open.ask('/guarded', { headers: { cookie: 'pass=1' } })).headers['cache-control'] ?? ''),
    );
    await open.kill();
  });

  describe('on fifty first requests at once never leaves for long without tags', () => {
    it.each<[name: string, path: string, options?: AskOptions]>([
      ['a prerendered page', '/posts/second'],
      ['a page rendered on demand', '/posts/burst'],
      ['an RSC payload', '/posts/burst-rsc', { headers: RSC }],
      [
        'a prefetched segment',
        '/posts/burst-segment',
        { headers: { ...RSC, 'next-router-prefetch': '1', 'next-router-segment-prefetch': '/_tree' } },
      ],
      ['a page with fetched data', '/fetched/burst'],
      ["a page with 'use cache'", '/use-cache/burst'],
      ['a route handler', '/api/kept/burst'],
      ['a page of the Pages Router', '/legacy/burst'],
      ['a 404', '/missing/burst'],
    ])('%s', async (_, path, options) => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(path, options)));
      for (const { status, headers } of answers) {
        expect(status).toBeLessThan(500);
        if (lifetimeOf(headers['cache-control']) > 1) expect(tagsOf({ headers })).toContain(EdgeTag.PAGE);
      }
      const tagged = answers.filter((answer) => lifetimeOf(answer.headers['cache-control']) > 1);
      // The entry's own tags, beyond the two that everything carries.
      for (const answer of tagged) expect(tagsOf(answer).length).toBeGreaterThan(2);
    });
  });

  it('a page rendered for longer than a revalidation took leaves for one second', async () => {
    origin.hold('/hold/overtaken');
    const rendering = ask('/held/overtaken');
    await until(() => origin.waiting('/hold/overtaken') > 0);
    expect((await revalidate('held:overtaken')).status).toBe(200);
    origin.release('/hold/overtaken');
    expect((await rendering).headers['cache-control']).toBe('s-maxage=1');
  });

  it('nothing leaves for longer than a second while the server cannot see revalidations', async () => {
    const dynamoDb = stores.dynamoDb.calls;
    const paths = ['/posts/first', '/posts/cut-off', '/api/static', '/legacy/on-demand', '/'];
    await Promise.all(paths.map((path) => askFresh(path)));
    dynamoDb.interceptor = () => ({ kind: 'disconnect' });
    await until(async () => (await ask('/')).headers['cache-control'] === 's-maxage=1');
    for (const path of [...paths, '/posts/rendered-while-cut-off']) {
      const answer = await ask(path);
      expect([path, answer.status, answer.headers['cache-control']]).toEqual([path, 200, 's-maxage=1']);
    }
    dynamoDb.interceptor = undefined;
    await until(async () => (await ask('/')).headers['cache-control'] === 's-maxage=31536000');
  });

  it('a revalidation that could not be recorded is a 500, and succeeds again when the table is back', async () => {
    stores.dynamoDb.calls.interceptor = ({ operation }) =>
      operation === 'UpdateItem'
        ? { kind: 'error', statusCode: 500, code: 'InternalServerError', message: 'down' }
        : undefined;
    const failed = await revalidate('posts');
    stores.dynamoDb.calls.interceptor = undefined;
    expect([failed.status, failed.headers['cache-control']]).toEqual([500, NEVER_STORED]);
    expect(failed.body).not.toContain('revalidated');
    await until(async () => (await revalidate('posts')).status === 200);
  });

  it('a compressed answer to a revalidation comes to its end', async () => {
    const headers = { 'accept-encoding': 'gzip' };
    const answer = await ask('/api/revalidate', { method: 'POST', headers, body: JSON.stringify({ tags: ['posts'] }) });
    // 15.5 does not compress what is so short.
    expect(answer.status).toBe(200);
  });

  it("res.revalidate() works, and a viewer's own x-prerender-revalidate does nothing", async () => {
    const stamp = async (options?: AskOptions): Promise<string> =>
      /data-render-id="([^"]+)"/.exec((await ask('/legacy/on-command', options)).body)?.[1] ?? '';
    const first = await stamp();
    expect(await stamp({ headers: { 'x-prerender-revalidate': await previewModeId(app) } })).toBe(first);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ path: '/legacy/on-command' });
    expect((await ask('/api/legacy-revalidate', { method: 'POST', headers, body })).status).toBe(200);
    expect(await stamp()).not.toBe(first);
  });
});

/** The secret that Next itself sends, which a leaked build output would give away. */
async function previewModeId({ root, facts }: PackedApp): Promise<string> {
  const file = path.join(root, facts.server.directory, facts.server.distDirectory, 'prerender-manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { preview: { previewModeId: string } };
  return manifest.preview.previewModeId;
}

function tagsOf({ headers }: Pick<Answered, 'headers'>): readonly string[] {
  const value = headers[Header.CACHE_TAG];
  return typeof value === 'string' ? value.split(',') : [];
}

/** What a shared cache would make of it. */
function lifetimeOf(cacheControl = ''): number {
  if (/private|no-store|no-cache/.test(cacheControl)) return 0;
  return Number(/s-maxage=(\d+)/.exec(cacheControl)?.[1] ?? /max-age=(\d+)/.exec(cacheControl)?.[1] ?? 0);
}
