import { describe, expect, it } from 'vitest';

import { isShared, parseCacheControl } from '../../../runtime/http/cache-control';

describe('a Cache-Control header', () => {
  it.each([
    ['s-maxage=1', true],
    ['max-age=1', true],
    ['S-MaxAge="60"', true],
    ['s-maxage=0, stale-while-revalidate=60', true],
    ['max-age=0, stale-if-error=60', true],
    ['max-age=60, s-maxage=0', false],
    ['public', false],
    ['public, max-age=0', false],
    ['private, max-age=60', false],
    ['no-store', false],
    ['no-cache, s-maxage=60', false],
    ['s-maxage=60, private', false],
    ['', false],
    ['max-age=soon', false],
    ['s-maxage=-1', false],
  ])('%s: shared %s', (header, shared) => {
    expect(isShared(parseCacheControl(header))).toBe(shared);
  });

  it('counts the first of a directive that is given twice', () => {
    expect(parseCacheControl('s-maxage=1, s-maxage=600').sharedMaxAge).toBe(1);
  });
});
