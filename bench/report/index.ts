import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'prettier';

import { BENCHES } from '../cases';
import { BENCH } from '../harness/app';
import { isMet, type Row } from '../harness/result';
import { RESULTS, type Result } from '../run';
import { svgOf } from './svg';
import { remarksOf, spreadText, targetText, valueText } from './table';

const DOCS = path.join(BENCH, '../docs');
const GUIDE = path.join(DOCS, 'performance.md');
const PLOTS = path.join(DOCS, 'performance');
const BEGIN = '<!-- results: written by npm run bench -->';
const END = '<!-- end of results -->';

/** Writes the table and the plots of docs/performance.md, and one page with everything, from the results that are kept. */
export async function writeReport(): Promise<void> {
  const results = kept();
  rmSync(PLOTS, { recursive: true, force: true });
  mkdirSync(PLOTS, { recursive: true });
  const parts = results.map(markdown);
  const guide = readFileSync(GUIDE, 'utf8');
  const [before = '', rest = ''] = guide.split(BEGIN);
  const after = rest.split(END)[1] ?? '';
  const text = [before, BEGIN, ...parts, END, after].join('\n\n');
  writeFileSync(GUIDE, await format(text, { parser: 'markdown', singleQuote: true, printWidth: 120 }));
  writeFileSync(path.join(RESULTS, 'report.html'), html(results));
}

function kept(): readonly Result[] {
  const files = new Set(readdirSync(RESULTS));
  return BENCHES.map(({ name }) => `${name}.json`)
    .filter((file) => files.has(file))
    .map((file) => JSON.parse(readFileSync(path.join(RESULTS, file), 'utf8')) as Result)
    .filter((result) => Array.isArray(result.rows));
}

function markdown(result: Result): string {
  const { bench, title, rows, plots = [], load, at, machine } = result;
  const images = plots.map((plot, index) => {
    const file = `${bench}${index === 0 ? '' : `-${index + 1}`}.svg`;
    writeFileSync(path.join(PLOTS, file), svgOf(plot));
    return `![${plot.title}](performance/${file})`;
  });
  const { cpu, node } = machine as { cpu: string; node: string };
  return [
    `### ${title}`,
    `\`npm run bench -- ${bench}\`: ${at.slice(0, 10)}, ${cpu}, Node.js ${node}, load ${load.join(' to ')}.`,
    ['| what | measured | target | |', '| --- | --- | --- | --- |', ...rows.map(line)].join('\n'),
    ...images,
  ].join('\n\n');
}

function line(row: Row): string {
  const target = row.target === undefined ? '' : targetText(row.target);
  const verdict = row.target === undefined ? '' : isMet(row) ? '✅' : '🟥';
  const note = remarksOf(row) === '' ? '' : `; ${remarksOf(row)}`;
  return `| ${row.name}${note} | ${valueText(row)}${spreadText(row)} | ${target} | ${verdict} |`;
}

function html(results: readonly Result[]): string {
  const sections = results.map(({ title, bench, at, load, rows, plots = [] }) => {
    const cells = rows.map((row) => {
      const verdict = row.target === undefined ? '' : isMet(row) ? 'met' : 'missed';
      const target = row.target === undefined ? '' : targetText(row.target);
      return `<tr class="${verdict}"><td>${row.name}</td><td>${valueText(row)}${spreadText(row)}</td><td>${target}</td><td>${remarksOf(row)}</td></tr>`;
    });
    return `<h2>${title}</h2><p>${bench}, ${at}, load ${load.join(' to ')}</p><table>${cells.join('')}</table>${plots.map(svgOf).join('')}`;
  });
  const style =
    'body{font:15px system-ui;max-width:900px;margin:2rem auto}td{padding:2px 14px 2px 0}.met td:nth-child(3){color:#1a7f37}.missed{color:#cf222e}svg{max-width:100%}';
  return `<!doctype html><meta charset="utf-8"><title>cdk-nextjs-ecs measured</title><style>${style}</style><h1>Measured side by side</h1>${sections.join('\n')}\n`;
}
