import { spawn } from 'node:child_process';
import { join } from 'node:path';

import type { Progress } from '../progress';
import type { NextApp, PackageJson } from './app';
import { BundleError } from './error';
import { ancestors, isFile, posixRelative, tryReadJson } from './files';
import { beforeInterrupt } from './interrupt';

/** Lock files, and pnpm's list of workspaces, by the package manager that reads them. */
const LOCK_FILES = [
  ['package-lock.json', 'npm'],
  ['npm-shrinkwrap.json', 'npm'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['pnpm-workspace.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
] as const;

/**
 * Runs the app's own production build, its output passed through to standard error.
 *
 * @returns when it began, in milliseconds since the epoch
 */
export async function runBuild(app: NextApp, progress: Progress): Promise<number> {
  const [command, ...args] = buildCommand(app);
  const shown = command === process.execPath ? 'next build' : [command, ...args].join(' ');
  progress.step(`Building: ${shown}`);
  const began = Date.now();
  await run(command, args, shown, app.directory);
  progress.done();
  return began;
}

function buildCommand(app: NextApp): [string, ...string[]] {
  if (app.packageJson.scripts?.build !== undefined) return [packageManager(app), 'run', 'build'];
  return [process.execPath, join(app.nextDirectory, 'dist', 'bin', 'next'), 'build'];
}

/** The package manager whose traces lie nearest, in the app's folder or above, as a monorepo has them at its root; else npm. */
export function packageManager(app: NextApp): string {
  for (const directory of ancestors(app.directory)) {
    const lock = LOCK_FILES.find(([file]) => isFile(join(directory, file)));
    if (lock !== undefined) return lock[1];
    const packageJson = tryReadJson(join(directory, 'package.json')) as PackageJson | undefined;
    const wanted = packageJson?.packageManager?.split('@')[0];
    if (wanted !== undefined) return wanted;
  }
  return 'npm';
}

async function run(command: string, args: string[], shown: string, directory: string): Promise<void> {
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  const release = beforeInterrupt((signal) => child.kill(signal));
  await new Promise<void>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'ENOENT' ? `${command} is not on the PATH. Install it` : `${error.message}. Mend that`;
      reject(
        new BundleError(`cannot run "${shown}": ${reason}, or build yourself and pack with --skip-build.`, {
          cause: error,
        }),
      );
    });
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new BundleError(`"${shown}" in ${directory} ${ending(code, signal)}: see its output above.`));
    });
  }).finally(release);
}

function ending(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `failed with exit code ${String(code)}` : `was ended by ${signal}`;
}

/** What Next.js itself makes of the app's configuration, where it has to be known before its output is found. */
export async function loadConfig(app: NextApp): Promise<{ readonly distDir: string; readonly output?: string }> {
  const script =
    "require(process.argv[1]).default('phase-production-build', process.argv[2])" +
    ".then(({ distDir, output }) => require('fs').writeSync(3, JSON.stringify({ distDir, output })))";
  const args = ['-e', script, join(app.nextDirectory, 'dist', 'server', 'config.js'), app.directory];
  const child = spawn(process.execPath, args, {
    cwd: app.directory,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 2, 2, 'pipe'],
  });
  const answer: Buffer[] = [];
  child.stdio[3]?.on('data', (chunk: Buffer) => answer.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0)
    throw new BundleError(
      `Next.js cannot load the configuration of ${posixRelative(process.cwd(), app.directory)}: see above.`,
    );
  return JSON.parse(Buffer.concat(answer).toString('utf8')) as { distDir: string; output?: string };
}
