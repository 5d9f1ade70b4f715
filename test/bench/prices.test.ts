import { describe, expect, it } from 'vitest';

import { each, itemize, sumOf } from '../../bench/harness/prices';

describe('the bill of a month', () => {
  const items = itemize([
    { name: 'hot pages', times: 1_000_000, calls: { 's3 GetObject': 1, 'dynamodb Query': 2 } },
    { name: 'rendered pages', times: 100_000, calls: { 's3 PutObject': 1, 's3 DeleteObject': 3 } },
  ]);

  it('has an item for each thing that happens', () => {
    expect(items.map(({ name, calls }) => [name, calls])).toEqual([
      ['hot pages', 3_000_000],
      ['rendered pages', 400_000],
    ]);
    expect(items[0]?.dollars).toBeCloseTo(0.4 + 2 * 0.125);
    expect(items[1]?.dollars).toBeCloseTo(0.5);
  });

  it('adds them up', () => {
    expect(sumOf(items)).toBeCloseTo(1.15);
  });

  it('takes the calls of one occurrence from those of several', () => {
    expect(each({ 's3 PutObject': 30, 'dynamodb UpdateItem': 15 }, 30)).toEqual({
      's3 PutObject': 1,
      'dynamodb UpdateItem': 0.5,
    });
  });

  it('does not take an unknown call for free', () => {
    expect(() => itemize([{ name: 'hot pages', times: 1, calls: { 'dynamodb Scan': 1 } }])).toThrow('dynamodb Scan');
  });
});
