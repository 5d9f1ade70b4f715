import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packExample, packNextStorefront, prepareAssets } from '../../test/fixtures/prepare';
import { PART } from './options';
import type { Template } from './template';

export const ROOT = path.resolve(import.meta.dirname, '../..');

/** The example as it is, or one with another style sheet and another picture. */
export type Release = 'example' | 'next';

/** What `cdk deploy` takes. */
export interface Assembly {
  readonly directory: string;
  readonly template: Template;
}

/** Builds and packs the example, or its next release, and synthesizes its stack, all of which needs no network. */
export async function makeAssembly(release: Release, stack: string, directory: string): Promise<Assembly> {
  await prepareAssets();
  const app = release === 'example' ? await packExample('storefront') : await packNextStorefront();
  await synthesize(app, stack, directory);
  const template = await readFile(path.join(directory, `${stack}.template.json`), 'utf8');
  return { directory, template: JSON.parse(template) as Template };
}

/** Runs the CDK app that `cdk.json` names, as `cdk synth` would: https://docs.aws.amazon.com/cdk/v2/guide/configure-synth.html */
async function synthesize(app: string, stack: string, directory: string): Promise<void> {
  const { context } = JSON.parse(await readFile(path.join(ROOT, 'cdk.json'), 'utf8')) as { readonly context: object };
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/app.ts'], {
    cwd: ROOT,
    env: { ...process.env, CDK_OUTDIR: directory, CDK_CONTEXT_JSON: JSON.stringify({ ...context, app, stack }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${PART}: the stack could not be synthesized: ${output.trim()}`);
}
