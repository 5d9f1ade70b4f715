import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Bundle, type BundleServer } from '../../contract';
import type { NextApp } from './app';
import { BundleError } from './error';
import { posixRelative } from './files';
import { type BuildOutput, staticFiles } from './output';
import { publicFiles, traceServer, traceStandalone } from './trace';
import { copyFiles, type FileTree, type TreeSize } from './tree';

/** The runnable tree of a server, before it is copied. */
export interface ServerTree {
  readonly files: FileTree;
  readonly description: BundleServer;
  /** Files that go elsewhere than where they lie, relative to the tree's root. */
  readonly additions: readonly (readonly [from: string, to: string])[];
}

/** @param included files that the server reads besides those that are traced */
export async function findServer(
  app: NextApp,
  output: BuildOutput,
  included: readonly string[] = [],
): Promise<ServerTree> {
  const standalone = output.config.output === 'standalone';
  return standalone ? standaloneServer(app, output, included) : startServer(app, output, included);
}

/** `next start` in the app's folder. */
async function startServer(app: NextApp, output: BuildOutput, included: readonly string[]): Promise<ServerTree> {
  const files = await traceServer(app, output);
  for (const path of included) files.add(path);
  const next = posixRelative(app.directory, join(app.nextDirectory, 'dist', 'bin', 'next'));
  return { files, description: describe(files.root, app.directory, app, output, [next, 'start']), additions: [] };
}

/** The tree that `output: 'standalone'` made, with what it leaves to a CDN: public and static files. */
function standaloneServer(app: NextApp, output: BuildOutput, included: readonly string[]): ServerTree {
  const files = traceStandalone(output);
  const directory = join(output.directory, 'standalone', output.relativeAppDirectory);
  const added = [...publicFiles(app), ...staticFiles(output), ...included];
  return {
    files,
    description: describe(files.root, directory, app, output, ['server.js']),
    additions: added.map((file) => [
      file,
      placeInStandalone(files.root, directory, posixRelative(app.directory, file)),
    ]),
  };
}

/** Where a file that lies so relative to the app's folder goes in Next's own tree. */
function placeInStandalone(root: string, directory: string, path: string): string {
  const place = posixRelative(root, join(directory, path));
  if (!place.startsWith('../')) return place;
  throw new BundleError(
    `${path} lies outside of what output: 'standalone' takes for the project. Set outputFileTracingRoot in next.config to a folder above both.`,
  );
}

/** `directory` is the app's folder in the tree below `root`; `start` are the arguments that start Next.js there. */
function describe(
  root: string,
  directory: string,
  app: NextApp,
  output: BuildOutput,
  start: readonly string[],
): BundleServer {
  const preload = posixRelative(directory, join(root, Bundle.DIRECTORY, Bundle.PRELOAD_FILE));
  return {
    directory: posixRelative(root, directory),
    distDirectory: posixRelative(app.directory, output.directory),
    command: ['--import', preload.startsWith('../') ? preload : `./${preload}`, ...start],
  };
}

/** Copies the tree to `destination`, with an empty folder for the cache that Next.js writes to. */
export async function copyServer(
  { files, additions, description }: ServerTree,
  destination: string,
): Promise<TreeSize> {
  const size = await files.copyTo(destination);
  const added = await copyFiles(additions.map(([from, to]) => [from, join(destination, to)]));
  const cache = join(destination, description.directory, description.distDirectory, 'cache');
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, '.keep'), '');
  return { files: size.files + added.files, bytes: size.bytes + added.bytes };
}
