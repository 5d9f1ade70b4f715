/**
 * What the constructs cost at synth: a site by default against a bare app of the same resources, `npm run bench:synth`.
 *
 * Each is synthesized in a process of its own, as `cdk synth` does, in turns; the medians of their CPU time count, which a busy machine hardly
 * changes. Writes bench/results/synth.json, and ends with 1 where the ratio is above the one allowed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, cpus, platform, tmpdir, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { App, LegacyStackSynthesizer, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { NextjsBuild, NextjsSite } from '../lib';

const ROUNDS = 9;
const ALLOWED = 1.5;
const EXAMPLE = resolve(import.meta.dirname, '../examples/storefront');
const RESULT = resolve(import.meta.dirname, 'results/synth.json');

const KINDS = ['site', 'bare'] as const;
type Kind = (typeof KINDS)[number];

/** A site, or the resources of its template without any construct above them. */
function synthesize(kind: Kind, directory: string): void {
  const app = new App({ outdir: join(directory, kind) });
  // The template that is included has the parameter of the ordinary synthesizer already.
  const synthesizer = kind === 'bare' ? new LegacyStackSynthesizer() : undefined;
  const stack = new Stack(app, 'Stack', { synthesizer });
  if (kind === 'site') new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(EXAMPLE) });
  else new CfnInclude(stack, 'Template', { templateFile: templateOf('site', directory) });
  app.synth();
}

function templateOf(kind: Kind, directory: string): string {
  return join(directory, kind, 'Stack.template.json');
}

/** Milliseconds of CPU that a process took from its start to its end. */
function measure(kind: Kind, directory: string): number {
  const args = [...process.execArgv, import.meta.filename, kind, directory];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${kind} ended with ${String(status)}: ${stderr}`);
  return Number(stdout.trim().split('\n').at(-1));
}

interface Result {
  readonly resources: number;
  /** Milliseconds of CPU, in the order in which they were measured. */
  readonly measured: Readonly<Record<Kind, readonly number[]>>;
  readonly median: Readonly<Record<Kind, number>>;
  readonly ratio: number;
  readonly allowed: number;
}

function compare(directory: string): Result {
  const measured: Record<Kind, number[]> = { site: [], bare: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of KINDS) measured[kind].push(Math.round(measure(kind, directory)));
  }
  const { Resources } = JSON.parse(readFileSync(templateOf('site', directory), 'utf8')) as { Resources: object };
  const median = { site: medianOf(measured.site), bare: medianOf(measured.bare) };
  return {
    resources: Object.keys(Resources).length,
    measured,
    median,
    ratio: Number((median.site / median.bare).toFixed(3)),
    allowed: ALLOWED,
  };
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** On what it was measured. */
function machine() {
  const { version } = createRequire(import.meta.url)('aws-cdk-lib/package.json') as { version: string };
  return {
    cpu: `${String(cpus().length)} × ${cpus()[0]?.model ?? 'unknown'}`,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    os: `${platform()}/${arch()}`,
    node: process.version,
    cdk: version,
  };
}

function report(result: Result): void {
  mkdirSync(dirname(RESULT), { recursive: true });
  writeFileSync(
    RESULT,
    `${JSON.stringify({ bench: 'synth', at: new Date().toISOString(), machine: machine(), ...result }, null, 2)}\n`,
  );
  console.log(`${result.resources} resources`);
  for (const kind of KINDS) console.log(`${kind} ${result.median[kind]} ms of CPU, median of ${ROUNDS}`);
  console.log(`ratio ${result.ratio.toFixed(2)}, allowed ${ALLOWED}`);
  if (result.ratio > ALLOWED) process.exitCode = 1;
}

async function main(): Promise<void> {
  // Not loaded by the processes that are measured.
  const { packExample, prepareAssets } = await import('../test/fixtures/prepare');
  await prepareAssets();
  await packExample('storefront');
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-'));
  try {
    report(compare(directory));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [kind, given = ''] = process.argv.slice(2);
if (kind === 'site' || kind === 'bare') {
  synthesize(kind, given);
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1000);
} else {
  void main();
}
