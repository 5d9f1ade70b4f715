import { describe, expect, it } from 'vitest';

import { manifestPathOf, PrerenderManifest } from '../../../runtime/next/prerender-manifest';
import { behaviourOf } from '../../../runtime/next/versions';

describe('the table of what differs by version', () => {
  it.each([
    ['15.5.29', 'map-by-key', false],
    ['16.2.12', 'map-by-route', false],
    ['16.3.8', 'map-by-key', true],
    ['16.4.6', 'entry', true],
    ['16.4.0-canary.3', 'entry', true],
    ['17.0.0', 'entry', true],
  ])('knows %s', (version, lifetimeFrom, minusOneBlocks) => {
    expect(behaviourOf(version)).toMatchObject({ lifetimeFrom, minusOneBlocks });
  });

  it('refuses what is too old, and says so', () => {
    expect(() => behaviourOf('14.2.3')).toThrow('Next.js must be 15.5 or later; this app has 14.2.3');
  });
});

describe('the prerender manifest', () => {
  it.each([
    ['/route-cache/APP_PAGE/0a1b/$/products/a', '/products/a'],
    ['/route-cache/PAGES/0a1b/$/index', '/'],
    ['/index/index', '/index'],
    ['/products/a', '/products/a'],
  ])('finds the path of %s', (key, path) => {
    expect(manifestPathOf(key)).toBe(path);
  });

  it('knows lifetimes of paths and fallbacks', () => {
    const manifest = new PrerenderManifest({
      routes: { '/a': { initialRevalidateSeconds: 5, initialExpireSeconds: 9 } },
      dynamicRoutes: { '/[id]': { fallbackRevalidate: false } },
    });
    expect(manifest.lifetimeOf('/a')).toEqual({ revalidate: 5, expire: 9 });
    expect(manifest.lifetimeOf('/[id]')).toEqual({ revalidate: false, expire: undefined });
    expect(manifest.lifetimeOf('/b')).toBeUndefined();
  });
});
