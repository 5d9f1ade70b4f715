import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { findOwnPackage } from '../bundle/package';
import type { Watchdog } from '../fleet';
import { UserError } from '../user-error';

export interface SynthesizeOptions {
  /** The Next.js app, packed. */
  readonly app: string;
  /** Where the cloud assembly goes. */
  readonly outDirectory: string;
  /** Ends the CDK app when this process ends. */
  readonly watchdog: Watchdog;
}

/**
 * Runs the package's CDK app for a Next.js app, as `cdk synth` would, and in a process of its own, because constructs are another wing.
 *
 * @see https://docs.aws.amazon.com/cdk/v2/guide/configure-synth.html
 */
export async function synthesize({ app, outDirectory, watchdog }: SynthesizeOptions): Promise<void> {
  const { directory } = findOwnPackage();
  const context = { ...readContext(directory), app };
  const child = spawn(process.execPath, entry(directory), {
    cwd: directory,
    env: {
      ...process.env,
      CDK_OUTDIR: outDirectory,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      // `cdk synth` checks the template by CloudFormation's rules, which takes longer than all the rest.
      CDK_VALIDATION: 'false',
      // Else tsx leaves its cache in the temporary folder.
      TSX_DISABLE_CACHE: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) watchdog.guardProcess(child.pid);
  let output = '';
  const collect = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const [code] = (await once(child, 'close')) as [number | null];
  if (child.pid !== undefined) watchdog.releaseProcess(child.pid);
  if (code !== 0) throw new UserError(`cdk-nextjs-ecs local: the CDK app could not be synthesized: ${output.trim()}`);
}

/** In a clone of the repository the sources, run by tsx; in an installed package, which has none, what was compiled from them. */
function entry(directory: string): string[] {
  const source = join(directory, 'bin', 'app.ts');
  return existsSync(source) ? ['--import', 'tsx', source] : [join(directory, 'dist', 'bin', 'app.js')];
}

/** The feature flags of the package's own `cdk.json`. */
function readContext(directory: string): Record<string, unknown> {
  const file = join(directory, 'cdk.json');
  if (!existsSync(file)) return {};
  return (JSON.parse(readFileSync(file, 'utf8')) as { context?: Record<string, unknown> }).context ?? {};
}
