/**
 * What the constructs cost at synth: a site by default against a bare app of the same resources, `npm run bench:synth`.
 *
 * Each is synthesized in a process of its own, as `cdk synth` does, in turns; the least CPU time of each counts, which a busy machine hardly
 * changes. Ends with 1 where the ratio is above the one allowed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App, LegacyStackSynthesizer, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { NextjsBuild, NextjsSite } from '../lib';

const ROUNDS = 3;
const ALLOWED = 1.5;
const EXAMPLE = resolve(import.meta.dirname, '../examples/storefront');

type Kind = 'site' | 'bare';

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

function compare(directory: string): void {
  const least = { site: Number.POSITIVE_INFINITY, bare: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of ['site', 'bare'] as const) least[kind] = Math.min(least[kind], measure(kind, directory));
  }
  const { Resources } = JSON.parse(readFileSync(templateOf('site', directory), 'utf8')) as { Resources: object };
  const ratio = least.site / least.bare;
  console.log(`${Object.keys(Resources).length} resources`);
  console.log(`bare ${Math.round(least.bare)} ms of CPU`);
  console.log(`site ${Math.round(least.site)} ms of CPU`);
  console.log(`ratio ${ratio.toFixed(2)}, allowed ${ALLOWED}`);
  if (ratio > ALLOWED) process.exitCode = 1;
}

const [kind, given = ''] = process.argv.slice(2);
if (kind === 'site' || kind === 'bare') {
  synthesize(kind, given);
  const { user, system } = process.cpuUsage();
  console.log((user + system) / 1000);
} else {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-'));
  compare(directory);
  rmSync(directory, { recursive: true, force: true });
}
