import { describe, expect, it } from 'vitest';

import { findApp } from '../../../local/bundle/app';
import { factsOfOutput } from '../../../local/bundle/facts';
import { readBuildOutput } from '../../../local/bundle/output';
import { builtApp, type Files, makeFolder } from './app-folder';

async function nextUrlPaths(routesManifest: object | undefined, files: Files = {}) {
  const manifest: Files = routesManifest === undefined ? {} : { '.next/routes-manifest.json': routesManifest };
  const output = await readBuildOutput(findApp(makeFolder({ ...builtApp(), ...manifest, ...files })));
  return factsOfOutput(output, []).nextUrlPaths;
}

const external = (...sources: string[]) =>
  sources.map((source) => ({ source, destination: 'https://elsewhere.example/:path*', regex: '' }));

/** As Next.js writes it for `app/feed/(..)photo/page.js`. */
const INTERCEPTING = {
  source: '/photo',
  destination: '/feed/(..)photo',
  has: [{ type: 'header', key: 'next-url', value: '/feed(?:/.*)?' }],
  regex: '^/photo(?:/)?$',
};

describe('the paths whose answers may depend on `next-url`', () => {
  it('are none in an app that looks at it nowhere', async () => {
    const internal = { source: '/old/:path*', destination: '/new/:path*', has: [{ type: 'header', key: 'x-beta' }] };
    const host = { source: '/', destination: '/de', has: [{ type: 'host', value: 'next-url' }] };
    expect(await nextUrlPaths({ rewrites: { beforeFiles: [internal], afterFiles: [], fallback: [host] } })).toEqual([]);
    expect(await nextUrlPaths({ rewrites: [internal], redirects: [], headers: [] })).toEqual([]);
    expect(await nextUrlPaths({})).toEqual([]);
  });

  it('are all in an app with an intercepting route', async () => {
    const rewrites = { beforeFiles: [INTERCEPTING], afterFiles: [], fallback: external('/docs') };
    expect(await nextUrlPaths({ rewrites })).toEqual(['/']);
    expect(await nextUrlPaths({ rewrites: [INTERCEPTING] })).toEqual(['/']);
  });

  const condition = { source: '/', missing: [{ type: 'header', key: 'Next-Url' }] };
  const matchers = [{ regexp: '^/.*$', ...condition }];

  it.each<[of: string, manifest: object, files?: Files]>([
    ['a rewrite', { rewrites: [{ ...condition, destination: '/' }] }],
    ['a redirect', { redirects: [condition] }],
    ['headers', { headers: [condition] }],
    ['a proxy', {}, { '.next/server/middleware-manifest.json': { middleware: { '/': { matchers } } } }],
    ['a proxy', {}, { '.next/server/functions-config-manifest.json': { functions: { '/_middleware': { matchers } } } }],
  ])('are all in an app with a condition on it: of %s', async (_of, manifest, files) => {
    expect(await nextUrlPaths(manifest, files)).toEqual(['/']);
  });

  it.each<[sources: string[], starts: string[]]>([
    [['/docs', '/docs/:path*'], ['/docs']],
    [
      ['/Blog/:slug(\\d+)/comments', '/ingest/static/:path*'],
      ['/blog', '/ingest/static'],
    ],
    [['/shop/docs/{:locale/}?start'], ['/shop/docs']],
    [['/:nextInternalLocale(de|en)/docs'], ['/']],
    [['/(.*)'], ['/']],
  ])('begin as those do that another site answers: %j', async (sources, starts) => {
    expect(await nextUrlPaths({ rewrites: { beforeFiles: [], afterFiles: external(...sources) } })).toEqual(starts);
  });

  it('are not known where the build does not say', async () => {
    expect(await nextUrlPaths(undefined)).toBeUndefined();
  });
});
