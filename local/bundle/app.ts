import { realpathSync } from 'node:fs';
import { join } from 'node:path';

import { BundleError } from './error';
import { ancestors, isDirectory, isFile, tryReadJson } from './files';

/** A Next.js app on this machine, built or not. */
export interface NextApp {
  /** Absolute, free of symbolic links. */
  readonly directory: string;
  readonly packageJson: PackageJson;
  /** Folder of the package `next` that the app resolves, by its link where a package manager links it. */
  readonly nextDirectory: string;
  readonly nextVersion: string;
}

export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  /** Corepack's field, for example `pnpm@10.2.0`. */
  readonly packageManager?: string;
}

/** Oldest version whose `next start` the runtime knows. */
const OLDEST_NEXT = [15, 5] as const;

/** The app in `directory`, once everything that a build of it needs is known to be there. */
export function findApp(directory: string): NextApp {
  if (!isDirectory(directory))
    throw new BundleError(`there is no folder ${directory}. Name the folder of a Next.js app.`);
  const real = realpathSync(directory);
  const packageJson = tryReadJson(join(real, 'package.json')) as PackageJson | undefined;
  if (packageJson === undefined) {
    throw new BundleError(
      `${real} holds no package.json. Name the folder of a Next.js app, where its package.json lies.`,
    );
  }
  const nextDirectory = findNext(real);
  const nextVersion =
    (tryReadJson(join(nextDirectory, 'package.json')) as PackageJson | undefined)?.version ?? 'unknown';
  if (!isSupported(nextVersion)) {
    throw new BundleError(
      `${real} uses Next.js ${nextVersion}, but ${OLDEST_NEXT.join('.')} is the oldest that can be deployed. ` +
        'Upgrade it: npx @next/codemod@latest upgrade',
    );
  }
  return { directory: real, packageJson, nextDirectory, nextVersion };
}

function findNext(directory: string): string {
  const found = findPackage(directory, 'next');
  if (found !== undefined) return found;
  const plugAndPlay = ancestors(directory).some((ancestor) => isFile(join(ancestor, '.pnp.cjs')));
  throw new BundleError(
    plugAndPlay
      ? `${directory} is installed by Yarn Plug'n'Play, which leaves no files to pack. Set "nodeLinker: node-modules" in .yarnrc.yml and run yarn install.`
      : `the package next is not installed for ${directory}. Install the app's dependencies, or name the folder of a Next.js app.`,
  );
}

/** Node's own way to a package: the nearest node_modules that has it, which in a monorepo may be the workspace root's. */
export function findPackage(directory: string, name: string): string | undefined {
  return ancestors(directory)
    .map((ancestor) => join(ancestor, 'node_modules', name))
    .find((candidate) => isFile(join(candidate, 'package.json')));
}

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST_NEXT[0] || (major === OLDEST_NEXT[0] && minor >= OLDEST_NEXT[1]);
}
