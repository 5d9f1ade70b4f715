import { describe, expect, it } from 'vitest';

import { clearlyMissed, isMet, type Row } from '../../bench/harness/result';

function row(changes: Partial<Row>): Row {
  return { name: 'anything', value: 1, unit: 'ratio', ...changes };
}

describe('a row of a benchmark', () => {
  it('meets its target from either side', () => {
    expect(isMet(row({ value: 5, target: { least: 5 } }))).toBe(true);
    expect(isMet(row({ value: 4.9, target: { least: 5 } }))).toBe(false);
    expect(isMet(row({ value: 1.2, target: { most: 1.15 } }))).toBe(false);
    expect(isMet(row({}))).toBe(true);
  });

  it('misses it clearly only beyond the noise', () => {
    expect(clearlyMissed(row({ value: 0.9, target: { least: 0.95 } }))).toBe(false);
    expect(clearlyMissed(row({ value: 0.8, target: { least: 0.95 } }))).toBe(true);
    expect(clearlyMissed(row({ value: 0.8, low: 0.6, high: 1, target: { least: 0.95 } }))).toBe(false);
  });

  it('misses it clearly with every count above it', () => {
    expect(clearlyMissed(row({ unit: 'count', value: 2, target: { most: 1 } }))).toBe(true);
  });

  it('does not miss it clearly where the reason is known', () => {
    expect(clearlyMissed(row({ value: 0.5, target: { least: 1 }, reason: 'physics' }))).toBe(false);
  });

  it('never misses it clearly by a value that depends on the machine', () => {
    expect(clearlyMissed(row({ unit: 'ms', value: 1000, target: { most: 1 } }))).toBe(false);
  });
});
