import { describe, expect, it } from 'vitest';

import { ADDED_HEADERS, documentedDifferences } from './differences';
import { storefront } from './storefront';
import { useCache } from './use-cache';

describe('docs/differences.md', () => {
  it('names each difference that the sessions show, and no other', () => {
    const shown = [storefront, useCache].flatMap(({ steps }) => steps.flatMap(({ differs }) => differs));
    const names = new Set<string>([...shown, ...Object.values(ADDED_HEADERS)]);
    expect([...documentedDifferences()].sort()).toEqual([...names].sort());
  });
});
