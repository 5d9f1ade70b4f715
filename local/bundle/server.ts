import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Bundle, type BundleServer } from '../../contract';
import type { NextApp } from './app';
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

export async function findServer(app: NextApp, output: BuildOutput): Promise<ServerTree> {
  return output.config.output === 'standalone' ? standaloneServer(app, output) : startServer(app, output);
}

/** `next start` in the app's folder. */
async function startServer(app: NextApp, output: BuildOutput): Promise<ServerTree> {
  const files = await traceServer(app, output);
  const next = posixRelative(app.directory, join(app.nextDirectory, 'dist', 'bin', 'next'));
  return { files, description: describe(files.root, app.directory, app, output, [next, 'start']), additions: [] };
}

/** The tree that `output: 'standalone'` made, with what it leaves to a CDN: public and static files. */
function standaloneServer(app: NextApp, output: BuildOutput): ServerTree {
  const files = traceStandalone(output);
  const directory = join(output.directory, 'standalone', output.relativeAppDirectory);
  const added = [...publicFiles(app), ...staticFiles(output)];
  return {
    files,
    description: describe(files.root, directory, app, output, ['server.js']),
    additions: added.map((file) => [
      file,
      posixRelative(files.root, join(directory, posixRelative(app.directory, file))),
    ]),
  };
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
