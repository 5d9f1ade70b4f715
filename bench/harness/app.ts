import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Bundle, type BundleFacts } from '../../contract';
import { packBundle } from '../../local/bundle';
import { silentProgress } from '../../local/progress';
import { prepareAssets } from '../../test/fixtures/prepare';
import type { Scope } from './scope';

export const BENCH = path.resolve(import.meta.dirname, '..');
export const MODULES = path.join(BENCH, 'node_modules');
const SOURCE = path.join(BENCH, 'app');

/** The app that all contenders run. */
export interface BenchApp {
  /** Its folder, built. */
  readonly directory: string;
  /** Its packed form: what our image would hold. */
  readonly packed: { readonly root: string; readonly facts: BundleFacts };
  readonly buildId: string;
}

/** Builds the app with what is installed, and packs it: only what is missing or outdated. */
export async function prepareBenchApp(say: (message: string) => void, scope: Scope): Promise<BenchApp> {
  await prepareAssets();
  await build(say, scope);
  const directory = temporaryFolder(scope);
  const { facts } = await packBundle({
    appDirectory: SOURCE,
    outDirectory: path.join(directory, Bundle.DIRECTORY),
    skipBuild: true,
    progress: silentProgress,
  });
  const root = path.join(directory, Bundle.DIRECTORY, Bundle.SERVER_DIRECTORY);
  return { directory: SOURCE, packed: { root, facts }, buildId: facts.buildId };
}

/** A folder that is gone with the scope. */
export function temporaryFolder(scope: Scope): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'cdk-nextjs-ecs-bench-'));
  scope.defer(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/**
 * The built app for itself: a plain `next start` writes into its build what it renders. As deep as the packed one: Next.js joins paths
 * in each request, and the longer they are, the longer that takes.
 */
export function copyOfApp(app: BenchApp, scope: Scope): string {
  const copy = path.join(temporaryFolder(scope), Bundle.DIRECTORY, Bundle.SERVER_DIRECTORY, 'app');
  cpSync(app.directory, copy, {
    recursive: true,
    preserveTimestamps: true,
    filter: (file) => !file.endsWith('.next/cache'),
  });
  symlinkSync(MODULES, path.join(copy, 'node_modules'));
  return copy;
}

/** Installs what the benchmarks compare with, and the Node.js that they run on, unless it is there. */
export async function installPeers(say: (message: string) => void, scope: Scope): Promise<void> {
  const lock = hashOf(readFileSync(path.join(BENCH, 'package-lock.json')));
  const marker = path.join(MODULES, '.installed');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lock) return;
  say('installing what to compare with: bench/package.json');
  // The library of cdk-nextjs wants the CDK beside it, its handler does not.
  await run(scope, BENCH, 'npm', [
    'ci',
    '--legacy-peer-deps',
    '--ignore-scripts',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
  ]);
  writeFileSync(marker, lock);
}

async function build(say: (message: string) => void, scope: Scope): Promise<void> {
  const hash = await hashSource();
  const marker = path.join(SOURCE, '.next', 'built');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === hash) return;
  say('building the app: bench/app');
  rmSync(path.join(SOURCE, '.next'), { recursive: true, force: true });
  await run(scope, SOURCE, process.execPath, [path.join(MODULES, 'next/dist/bin/next'), 'build']);
  writeFileSync(marker, hash);
}

async function hashSource(): Promise<string> {
  const entries = await readdir(SOURCE, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.next'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
  const contents = await Promise.all([path.join(BENCH, 'package-lock.json'), ...files].map((file) => readFile(file)));
  return hashOf(Buffer.concat(contents));
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

async function run(scope: Scope, directory: string, command: string, args: readonly string[]): Promise<void> {
  const child = spawn(command, args, {
    cwd: directory,
    env: { ...process.env, NODE_ENV: undefined, NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', process.stderr, process.stderr],
  });
  scope.defer(() => {
    child.kill();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`bench: "${command} ${args.join(' ')}" ended with ${String(code)}`);
}
