import { describe, expect, it } from 'vitest';

import { EdgeTag, edgeTagOf, edgeTagsOf } from '../../../runtime/http/cache-tags';

const NAMESPACE = '0123456789abcdef';
const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `tag-${index}`);

describe('edge tags', () => {
  it('tell apart what CloudFront would not: case, commas, spaces and other alphabets', () => {
    const tags = ['Shop', 'shop', 'a,b', 'a b', 'übung', '_N_T_/products'];
    expect(new Set(tags.map(edgeTagOf)).size).toBe(tags.length);
    for (const tag of tags) expect(edgeTagOf(tag)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('name a tag once', () => {
    expect(edgeTagsOf(['a', 'a'], NAMESPACE)).toHaveLength(3);
  });

  it('are all there up to the fifty that CloudFront keeps', () => {
    const tags = edgeTagsOf(many(48), NAMESPACE);
    expect(tags).toHaveLength(50);
    expect(tags).not.toContain(EdgeTag.COARSE);
  });

  it('are fifty with a coarse one where there are more', () => {
    const tags = edgeTagsOf(many(300), NAMESPACE);
    expect(tags).toHaveLength(50);
    expect(tags.slice(0, 3)).toEqual([EdgeTag.PAGE, EdgeTag.deployment(NAMESPACE), EdgeTag.COARSE]);
  });
});
