import { isatty } from 'node:tty';
import { createColors } from 'picocolors';

import { isMet, type Row, type Target } from '../harness/result';
import type { Result } from '../run';

// Not process.stdout.isTTY: where there is no terminal it is undefined, which would leave the choice to picocolors.
const pc = createColors(isatty(process.stdout.fd) && process.env.NO_COLOR === undefined);

/** The results as lines for a terminal. */
export function table(results: readonly Result[]): string {
  return results.flatMap(lines).join('\n');
}

function lines({ title, bench, rows, error, load, seconds }: Result): string[] {
  const head = `${pc.bold(title)} ${pc.dim(`(${bench}, ${seconds} s, load ${load.join(' → ')})`)}`;
  if (error !== undefined) return [head, pc.red(`  failed: ${error}`)];
  const width = Math.max(...rows.map(({ name }) => name.length));
  return [head, ...rows.map((row) => `  ${row.name.padEnd(width)}  ${mark(row)}`)];
}

function mark(row: Row): string {
  const value = `${valueText(row).padStart(16)}${spreadText(row).padEnd(16)}`;
  const remarks = remarksOf(row);
  if (row.target === undefined) return `${value}${remarks === '' ? '' : pc.dim(`  ${remarks}`)}`;
  const text = `${value}  ${targetText(row.target)}${remarks === '' ? '' : `; ${remarks}`}`;
  return isMet(row) ? pc.green(`${text} ✓`) : pc.red(`${text} ✗`);
}

/** What there is to say of a row; a reason only where the target is missed. */
export function remarksOf(row: Row): string {
  return [row.note, isMet(row) ? undefined : row.reason].filter((text) => text !== undefined).join('; ');
}

export function valueText({ value, unit }: Row): string {
  return unit === '$' ? `$${numberText(value)}` : `${numberText(value)} ${unitText(unit)}`.trim();
}

export function spreadText({ low, high }: Row): string {
  return low === undefined || high === undefined ? '' : ` (${numberText(low)}–${numberText(high)})`;
}

export function targetText(target: Target): string {
  return 'least' in target ? `≥ ${numberText(target.least)}` : `≤ ${numberText(target.most)}`;
}

/** Three significant digits, with thousands apart. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 6) });
}

function unitText(unit: Row['unit']): string {
  return unit === 'ratio' ? '×' : unit === 'count' ? '' : unit;
}
