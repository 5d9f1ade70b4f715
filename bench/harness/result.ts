import type { Measured } from './statistics';

/** Above or below what a value has to be. */
export type Target = { readonly least: number } | { readonly most: number };

/** `ratio` and `count` mean the same on every machine; the others do not, and a quick run fails by none of them. */
export type Unit = 'ratio' | 'count' | 'ms' | 's' | 'requests/s' | 'KB' | 'MiB' | '$' | '%';

/** One line of the table. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** First and third quartile of the rounds. */
  readonly low?: number;
  readonly high?: number;
  readonly target?: Target;
  /** What one should know of it. */
  readonly note?: string;
  /** Why the target is not met, where that is known: the row stays red, and fails nobody's build. */
  readonly reason?: string;
}

export interface Bars {
  readonly kind: 'bars';
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly { readonly name: string; readonly value: number }[];
}

export interface Lines {
  readonly kind: 'lines';
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly logarithmic: boolean;
  readonly lines: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[];
}

export type Plot = Bars | Lines;

/** What a benchmark found. */
export interface Findings {
  readonly rows: readonly Row[];
  readonly plots?: readonly Plot[];
  /** Everything that was measured, for whoever wants to calculate again. */
  readonly raw?: unknown;
}

/** A value with its spread, as a row. */
export function measuredRow(name: string, unit: Unit, { median, low, high }: Measured, rest: Partial<Row> = {}): Row {
  return { name, value: median, unit, low, high, ...rest };
}

export function isMet({ value, target }: Row): boolean {
  if (target === undefined) return true;
  return 'least' in target ? value >= target.least : value <= target.most;
}

/** The part of a ratio that may be noise, at least: two runs of the same differ by as much on a machine that others use. */
const LEAST_NOISE = 0.1;

/** Whether a row misses its target by more than noise explains. Absolute values depend on the machine and never do. */
export function clearlyMissed(row: Row): boolean {
  if (isMet(row) || row.target === undefined || row.reason !== undefined) return false;
  if (row.unit === 'count') return true;
  if (row.unit !== 'ratio') return false;
  const { value, low = value, high = value, target } = row;
  const noise = Math.max(LEAST_NOISE, (high - low) / 2 / Math.abs(value));
  return 'least' in target ? value < target.least * (1 - noise) : value > target.most * (1 + noise);
}
