import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import { Template } from 'aws-cdk-lib/assertions';
import type { BundleFacts } from '../../contract';
import { appWithBundle, scratch } from '../lib/bundle';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');

const require = createRequire(import.meta.url);

export interface ExampleOptions {
  /**
   * Folders of Next.js apps, as the example's CDK app names them, each with what is special about its build, for which a tiny bundle is made;
   * or with the folder of an app whose real bundle is taken.
   */
  readonly apps: Readonly<Record<string, Partial<BundleFacts> | string>>;
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface SynthesizedExample {
  readonly assembly: CloudAssembly;
  /** What the CDK app wrote to standard error: warnings and errors of constructs. */
  readonly messages: string;
  readonly template: (stack: string) => Template;
}

/**
 * Runs an example's CDK app as the `cdk` command does, with the library's sources in place of the package and given bundles in place of its
 * Next.js apps.
 *
 * @param folder of `cdk.json` below `examples`
 */
export function synthesizeExample(folder: string, { apps, context = {} }: ExampleOptions): SynthesizedExample {
  const directory = join(scratch(), folder);
  mkdirSync(directory, { recursive: true });
  for (const [app, given] of Object.entries(apps)) {
    const appFolder = resolve(directory, app);
    if (typeof given === 'string') link(given, appFolder);
    else appWithBundle(given, appFolder);
  }
  const outdir = join(directory, 'cdk.out');
  const flags = require('aws-cdk-lib/recommended-feature-flags.json') as Record<string, unknown>;
  const { status, stderr } = spawnSync(
    process.execPath,
    [require.resolve('tsx/cli'), '--tsconfig', join(EXAMPLES, 'tsconfig.json'), entryOf(folder)],
    {
      cwd: directory,
      encoding: 'utf8',
      env: {
        ...process.env,
        // Other tests validate templates, which takes seconds to start.
        CDK_VALIDATION: 'false',
        CDK_OUTDIR: outdir,
        CDK_CONTEXT_JSON: JSON.stringify({ ...flags, ...context }),
      },
    },
  );
  if (status !== 0) throw new Error(`${folder} cannot be synthesized: ${stderr}`);
  const assembly = new CloudAssembly(outdir);
  return {
    assembly,
    messages: stderr,
    template: (stack) => Template.fromJSON(assembly.getStackByName(stack).template as Record<string, unknown>),
  };
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** The README of an example. */
export function readmeOf(folder: string): string {
  return readFileSync(join(EXAMPLES, folder, 'README.md'), 'utf8');
}

/** The file that `cdk.json` runs. */
function entryOf(folder: string): string {
  const { app } = JSON.parse(readFileSync(join(EXAMPLES, folder, 'cdk.json'), 'utf8')) as { app: string };
  const file = join(EXAMPLES, folder, app.split(' ').at(-1) ?? '');
  if (!existsSync(file)) throw new Error(`cdk.json of ${folder} names ${file}, which is not there`);
  return file;
}
