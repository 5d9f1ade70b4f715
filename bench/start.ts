/**
 * How long the local stack takes from a built app to its first answer, beside `next start` of the same app: `npm run bench:start`.
 *
 * In turns, each as a process of its own, as a user would start it, and each once nobody else works on the machine, where that can be had: `quiet`
 * says in how many rounds it could. Writes bench/results/start.json and the figures in docs/local.md, and ends with 1 where the local stack takes more above `next start` than it may.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { load } from './harness/machine';
import { untilQuiet } from './harness/quiet';
import type { Row } from './harness/result';
import { conclude } from './report/conclude';

const ROUNDS = 7;
/** Milliseconds above `next start`. */
const ALLOWED = 2000;
const ROOT = resolve(import.meta.dirname, '..');
const EXAMPLE = join(ROOT, 'examples/storefront');

const KINDS = ['next', 'local'] as const;
type Kind = (typeof KINDS)[number];

/** The built app for itself, because `next start` writes into its build what it renders. */
function copyOfExample(directory: string): string {
  const copy = join(directory, 'app');
  const left = new Set(['node_modules', '.cdk-nextjs-ecs']);
  cpSync(EXAMPLE, copy, { recursive: true, filter: (source) => !left.has(basename(source)) });
  symlinkSync(join(EXAMPLE, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function start(kind: Kind, port: number, directory: string): ChildProcess {
  const [cwd, ...args] =
    kind === 'next'
      ? [join(directory, 'app'), 'node_modules/next/dist/bin/next', 'start', '-p', String(port)]
      : [ROOT, 'dist/bin/cdk-nextjs-ecs.js', 'local', '--app', EXAMPLE, '--port', String(port)];
  const env = { ...process.env, NODE_ENV: undefined, STOREFRONT_DATA: directory };
  return spawn(process.execPath, args, { cwd, env, stdio: 'ignore' });
}

/** Milliseconds until the first page came. */
async function measure(kind: Kind, directory: string): Promise<number> {
  const port = await freePort();
  const since = performance.now();
  const child = start(kind, port, directory);
  const ended = once(child, 'exit');
  try {
    while (!(await answers(port))) {
      if (child.exitCode !== null) throw new Error(`${kind} ended with ${child.exitCode} before its first answer`);
      await new Promise((wake) => setTimeout(wake, 50));
    }
    return Math.round(performance.now() - since);
  } finally {
    child.kill('SIGINT');
    await ended;
  }
}

async function answers(port: number): Promise<boolean> {
  return fetch(`http://localhost:${port}/`).then(
    async (response) => (await response.text()).length > 0 && response.ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function compare(directory: string) {
  copyOfExample(directory);
  const measured: Record<Kind, number[]> = { next: [], local: [] };
  let quiet = 0;
  // The first of each fills the caches of files, of this machine and of the tool.
  for (const kind of KINDS) await measure(kind, directory);
  for (let round = 0; round < ROUNDS; round++) {
    const found: boolean[] = [];
    for (const kind of KINDS) {
      found.push(await untilQuiet());
      measured[kind].push(await measure(kind, directory));
    }
    if (found.every(Boolean)) quiet += 1;
  }
  const median = { next: medianOf(measured.next), local: medianOf(measured.local) };
  return { measured, quiet, median, above: median.local - median.next };
}

function rowsOf({ median, above }: Awaited<ReturnType<typeof compare>>): Row[] {
  return [
    { name: 'first answer from a built app, above `next start`', value: above, unit: 'ms', target: { most: ALLOWED } },
    { name: 'first answer of the local stack', value: median.local, unit: 'ms' },
    { name: 'first answer of `next start`', value: median.next, unit: 'ms' },
  ];
}

async function main(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-'));
  const [before, since] = [load(), performance.now()];
  try {
    const raw = await compare(directory);
    const seconds = Math.round((performance.now() - since) / 1000);
    await conclude({ bench: 'start', title: 'Start', load: [before, load()], seconds, rows: rowsOf(raw), raw });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

void main();
