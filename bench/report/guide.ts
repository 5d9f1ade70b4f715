import { readFileSync, writeFileSync } from 'node:fs';
import { format } from 'prettier';

const BEGIN = '<!-- results: written by npm run bench -->';
const END = '<!-- end of results -->';

/** One line of a guide's table. */
export interface Line {
  readonly what: string;
  readonly measured: string;
  readonly target: string;
  /** Undefined where there is no target. */
  readonly isMet: boolean | undefined;
}

/** Writes parts of Markdown into a guide's place for results. */
export async function writeResults(guide: string, parts: readonly string[]): Promise<void> {
  const [before = '', rest = ''] = readFileSync(guide, 'utf8').split(BEGIN);
  const after = rest.split(END)[1] ?? '';
  const text = [before, BEGIN, ...parts, END, after].join('\n\n');
  writeFileSync(guide, await format(text, { parser: 'markdown', singleQuote: true, printWidth: 120 }));
}

export function tableOf(lines: readonly Line[]): string {
  const cells = lines.map(({ what, measured, target, isMet }) => {
    const verdict = isMet === undefined ? '' : isMet ? '✅' : '🟥';
    return `| ${what} | ${measured} | ${target} | ${verdict} |`;
  });
  return ['| what | measured | target | |', '| --- | --- | --- | --- |', ...cells].join('\n');
}
