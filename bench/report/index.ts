import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { BENCHES } from '../cases';
import { BENCH } from '../harness/app';
import { isMet, type Row } from '../harness/result';
import { RESULTS, type Result } from '../run';
import { tableOf, writeResults, type Line } from './guide';
import { svgOf } from './svg';
import { remarksOf, spreadText, targetText, valueText } from './table';

const DOCS = path.join(BENCH, '../docs');
const PLOTS = path.join(DOCS, 'performance');
/** Programs of their own, because what they measure runs in their process. */
const OF_LOCAL_STACK = ['edge', 'start'];

/** Writes the tables and plots of docs/performance.md and docs/local.md, and one page with everything, from the results that are kept. */
export async function writeReport(): Promise<void> {
  const results = kept(BENCHES.map(({ name }) => name));
  rmSync(PLOTS, { recursive: true, force: true });
  mkdirSync(PLOTS, { recursive: true });
  await writeResults(path.join(DOCS, 'performance.md'), results.map(ofBench));
  await writeResults(path.join(DOCS, 'local.md'), kept(OF_LOCAL_STACK).map(ofLocalStack));
  writeFileSync(path.join(RESULTS, 'report.html'), html(results));
}

function kept(names: readonly string[]): readonly Result[] {
  const files = new Set(readdirSync(RESULTS));
  return names
    .map((name) => `${name}.json`)
    .filter((file) => files.has(file))
    .map((file) => JSON.parse(readFileSync(path.join(RESULTS, file), 'utf8')) as Result)
    .filter((result) => Array.isArray(result.rows));
}

function ofBench(result: Result): string {
  const { bench, plots = [] } = result;
  const images = plots.map((plot, index) => {
    const file = `${bench}${index === 0 ? '' : `-${index + 1}`}.svg`;
    writeFileSync(path.join(PLOTS, file), svgOf(plot));
    return `![${plot.title}](performance/${file})`;
  });
  const { node } = result.machine as { node: string };
  return [markdown(result, `npm run bench -- ${bench}`, node), ...images].join('\n\n');
}

/** These run on the Node.js of whoever runs them, as the local stack does. */
function ofLocalStack(result: Result): string {
  const { bench } = result.machine as { bench: string };
  return markdown(result, `npm run bench:${result.bench}`, bench);
}

function markdown({ title, rows, load, at, machine }: Result, command: string, node: string): string {
  const { cpu } = machine as { cpu: string };
  return [
    `### ${title}`,
    `\`${command}\`: ${at.slice(0, 10)}, ${cpu}, Node.js ${node}, load ${load.join(' to ')}.`,
    tableOf(rows.map(line)),
  ].join('\n\n');
}

function line(row: Row): Line {
  const target = row.target === undefined ? '' : targetText(row.target);
  const note = remarksOf(row) === '' ? '' : `; ${remarksOf(row)}`;
  const what = `${row.name}${note}`;
  const measured = `${valueText(row)}${spreadText(row)}`;
  return { what, measured, target, isMet: row.target === undefined ? undefined : isMet(row) };
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
