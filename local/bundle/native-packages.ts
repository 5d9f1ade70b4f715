import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { BundlePlatform } from '../../contract';
import type { Progress } from '../progress';
import type { NextApp } from './app';
import { BundleError } from './error';
import { posixRelative, tryReadJson, walk } from './files';
import { findForeignModules, withoutPlatformWords } from './native';
import type { FileTree } from './tree';

/** Files that take the place of those of another platform's packages, each with its place relative to the tree's root. */
export interface NativePackages {
  /** What they are for; absent where nothing had to be fetched. */
  readonly platform?: BundlePlatform;
  readonly files: readonly (readonly [from: string, to: string])[];
}

interface Manifest {
  readonly name?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A package for the server's platform, which another one names among its optional dependencies. */
interface Replacement {
  readonly name: string;
  readonly version: string;
  /** Package of this machine's platform. */
  readonly replaced: string;
  /** Folder in which the package that depends on it looks for it. */
  readonly place: string;
}

/**
 * Fetches with npm what a package such as sharp offers for the server's platform, where only that of another one is installed, and takes
 * that one's libraries out of the tree. Nothing is installed: the app's folder stays as it is.
 *
 * @param directory where the packages are unpacked
 */
export async function replaceForeignPackages(
  app: NextApp,
  tree: FileTree,
  target: BundlePlatform | undefined,
  directory: string,
  progress: Progress,
): Promise<NativePackages> {
  const { wanted, modules } = findForeignModules(tree, target);
  const found = modules.map((paths) => ({ paths, replacement: findReplacement(tree, paths, wanted) }));
  const files: [string, string][] = [];
  for (const { paths, replacement } of found) {
    if (replacement === undefined) continue;
    const unpacked = await fetchPackage(app, replacement, directory);
    progress.note(`${replacement.name}@${replacement.version} is packed in place of ${replacement.replaced}.`);
    for (const path of paths) tree.delete(path);
    const place = posixRelative(tree.root, replacement.place);
    files.push(
      ...[...walk(unpacked)].map((path): [string, string] => [path, `${place}/${posixRelative(unpacked, path)}`]),
    );
  }
  return files.length === 0 ? { files } : { platform: wanted, files };
}

function findReplacement(
  tree: FileTree,
  [library = '']: readonly string[],
  wanted: BundlePlatform,
): Replacement | undefined {
  const replaced = (tryReadJson(join(packageOf(library), 'package.json')) as Manifest | undefined)?.name;
  if (replaced === undefined) return undefined;
  for (const path of tree.paths.filter((candidate) => basename(candidate) === 'package.json')) {
    const offered = (tryReadJson(path) as Manifest | undefined)?.optionalDependencies ?? {};
    if (!(replaced in offered)) continue;
    const fitting = Object.entries(offered).find(([name]) => isFor(name, replaced, wanted));
    if (fitting === undefined) continue;
    const [name, version] = fitting;
    return { name, version, replaced, place: join(modulesFolderOf(path), name) };
  }
  return undefined;
}

/** `@img/sharp-linux-arm64` for `@img/sharp-darwin-x64`; builds for musl have a word of their own. */
function isFor(name: string, replaced: string, { os, arch }: BundlePlatform): boolean {
  const words = name.split(/[^a-z0-9]+/);
  return (
    withoutPlatformWords(name) === withoutPlatformWords(replaced) &&
    words.includes(os) &&
    words.includes(arch) &&
    !words.includes('musl')
  );
}

/** Folder of the package that a file belongs to. */
function packageOf(path: string): string {
  const folder = dirname(path);
  return folder === path || existsSync(join(folder, 'package.json')) ? folder : packageOf(folder);
}

/** The `node_modules` that holds a package, given its manifest; pnpm's has all that the package may load. */
function modulesFolderOf(manifest: string): string {
  const folder = dirname(manifest);
  const parent = dirname(folder);
  return basename(parent).startsWith('@') ? dirname(parent) : parent;
}

/** @returns the folder of the unpacked package */
async function fetchPackage(app: NextApp, { name, version }: Replacement, directory: string): Promise<string> {
  const folder = join(directory, name.replace(/[^\w.-]/g, '_'));
  mkdirSync(folder, { recursive: true });
  try {
    await run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder], app.directory);
    const archive = readdirSync(folder).find((file) => file.endsWith('.tgz'));
    if (archive === undefined) throw new Error('npm pack has written no archive');
    await run('tar', ['-xzf', archive], folder);
  } catch (cause) {
    throw new BundleError(
      `cannot fetch ${name}@${version}, which the server needs for its platform: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        `Mend that, or install it beside the others: npm install --no-save --force ${name}@${version}`,
      { cause },
    );
  }
  return join(folder, 'package');
}

async function run(command: string, args: readonly string[], directory: string): Promise<void> {
  const child = spawn(command, args, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 2],
    shell: process.platform === 'win32',
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args[0] ?? ''} failed with exit code ${String(code)}`));
    });
  });
}
