import { describe, expect, it } from 'vitest';

import { compare, median, quantile, summarize } from '../../bench/harness/statistics';

describe('the statistics of a benchmark', () => {
  it('take the middle of what was measured, in whatever order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('interpolate between two values', () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([7], 0.99)).toBe(7);
  });

  it('give half of the values as the spread', () => {
    expect(summarize([1, 2, 3, 4, 100])).toEqual({ median: 3, low: 2, high: 4 });
  });

  it('compare round by round, so that what slows down a round slows down both', () => {
    expect(compare([10, 20, 40], [5, 10, 20])).toEqual({ median: 2, low: 2, high: 2 });
  });

  it('refuse to compare what was not measured as often', () => {
    expect(() => compare([1, 2], [1])).toThrow('rounds differ: 2 and 1');
  });
});
