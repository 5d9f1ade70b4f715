import { createColors } from 'picocolors';
import { formatDuration } from '../../local/progress';

/** A row of the report. */
export interface Row {
  readonly name: string;
  readonly result: 'ok' | 'failed' | 'skipped';
  /** What was seen, or why nothing was. */
  readonly seen: string;
  readonly problems: readonly string[];
  readonly figures: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** What was seen of a site. */
export interface Report {
  readonly site: string;
  /** Where it runs. */
  readonly where: string;
  readonly startedAt: string;
  readonly seconds: number;
  /** Whether nothing has failed. */
  readonly ok: boolean;
  readonly rows: readonly Row[];
}

const WORDS = { ok: 'ok', failed: 'FAILED', skipped: 'skipped' } as const;

export function describeReport({ site, where, seconds, ok, rows }: Report, isTerminal: boolean): string {
  const colors = createColors(isTerminal && process.env.NO_COLOR === undefined);
  const paint = { ok: colors.green, failed: colors.red, skipped: colors.dim };
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.flatMap(({ name, result, seen, problems, seconds: took }) => [
    `  ${paint[result](WORDS[result].padEnd(8))} ${name.padEnd(width)}  ${result === 'failed' ? '' : seen} ${colors.dim(`(${formatDuration(took * 1000)})`)}`,
    ...problems.map((problem) => `  ${' '.repeat(9 + width)}  - ${problem}`),
  ]);
  const failed = rows.filter(({ result }) => result === 'failed').length;
  const end = ok ? colors.green('All is well.') : colors.red(`${failed} of ${rows.length} failed.`);
  return [`${site} on ${where}`, '', ...lines, '', `${end} ${formatDuration(seconds * 1000)}`, ''].join('\n');
}
