import { describe, expect, it } from 'vitest';

import { ProxiedPaths } from '../../../runtime/http/proxied-paths';

/** As `next build` 16.4 compiles `/guarded/:path*`. */
const GUARDED =
  '^(?:\\/(_next\\/data\\/[^/]{1,}))?\\/guarded(?:\\/((?:[^\\/#\\?]+?)(?:\\/(?:[^\\/#\\?]+?))*))?(\\.json|\\.rsc|\\.segments\\/.+\\.segment\\.rsc)?[\\/#\\?]?$';

describe('proxied paths', () => {
  it.each([
    ['/guarded', true],
    ['/guarded/deep/er', true],
    ['/_next/data/build-id/guarded.json', true],
    ['/guarded.rsc', true],
    ['/%67uarded', true],
    ['/guarded/%E0%A4%A', true],
    ['/open', false],
  ])('%s: %s', (path, proxied) => {
    expect(new ProxiedPaths([GUARDED], '').includes(path)).toBe(proxied);
  });

  it('are none where the app has no proxy', () => {
    expect(new ProxiedPaths([], '').includes('/guarded')).toBe(false);
  });

  it("leave a build's own files out, however greedy the matcher", () => {
    const paths = new ProxiedPaths(['^/.*$'], '/shop');
    expect(paths.includes('/shop/_next/static/chunks/main.js')).toBe(false);
    expect(paths.includes('/shop')).toBe(true);
  });

  it.each(['/_next/static/../account', '/_next/static/%2e%2E/account', '/_next/static/..\\account'])(
    'are not left by a detour: %s',
    (path) => {
      expect(new ProxiedPaths(['^/.*$'], '').includes(path)).toBe(true);
    },
  );
});
