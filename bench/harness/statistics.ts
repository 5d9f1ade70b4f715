/** A value that was measured several times. */
export interface Measured {
  readonly median: number;
  /** First and third quartile: between them lies half of what was measured. */
  readonly low: number;
  readonly high: number;
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function summarize(values: readonly number[]): Measured {
  return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/** How two contenders compare, round by round: what slows the machine down for a while slows down both. */
export function compare(values: readonly number[], others: readonly number[]): Measured {
  if (values.length !== others.length || values.length === 0) {
    throw new Error(`bench statistics: rounds differ: ${values.length} and ${others.length}`);
  }
  return summarize(values.map((value, round) => value / (others[round] ?? Number.NaN)));
}

/** Four significant digits: more than any of this is good for. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
