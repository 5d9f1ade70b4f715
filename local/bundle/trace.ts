import { readFileSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, parse, resolve } from 'node:path';

import { nodeFileTrace } from '@vercel/nft';

import { findPackage, type NextApp } from './app';
import { isDirectory, isFile, isNeverPacked, isSourceMap, posixRelative, walk } from './files';
import { type BuildOutput, isBuildOnly, packableFiles } from './output';
import { FileTree } from './tree';

/** Modules of Next.js that `next start` loads before and beside the server that the build has traced already. */
const START_ENTRIES = [
  'bin/next',
  'cli/next-start.js',
  'server/lib/start-server.js',
  'server/next-server.js',
  'server/require-hook.js',
];

/**
 * What only other commands than `next start` load. `next-test` stays: the command line loads it with itself.
 * With the configuration handed over, webpack's hooks may be missing, as in a standalone server:
 * https://github.com/vercel/next.js/blob/v16.0.0/packages/next/src/server/config.ts#L1225
 */
const OTHER_COMMANDS = [
  /\/next\/dist\/cli\/(?!next-start\.js|next-test\.js)/,
  /\/next\/(dist\/)?experimental\/testmode\/playwright/,
  /\/next\/dist\/lib\/upgrade\//,
  /\/next\/dist\/compiled\/(amphtml-validator|babel|babel-packages|webpack)\//,
  /\/next\/dist\/server\/lib\/router-utils\/setup-dev-bundler\.js$/,
  /\/node_modules\/typescript\//,
  /\.development\.js$/,
  /\.dev\.js$/,
  /\.d\.ts$/,
];

/** Everything that `next start` reads: build output, public files, and the modules that Next's traces and our own find. */
export async function traceServer(app: NextApp, output: BuildOutput): Promise<FileTree> {
  const tree = new FileTree();
  const modules = await traceModules(app, output);
  const own = [join(app.directory, 'package.json'), ...packableFiles(output), ...publicFiles(app), ...modules];
  for (const path of own) tree.add(path);
  return tree;
}

/** The tree that `output: 'standalone'` made: Next.js has traced it already. */
export function traceStandalone(output: BuildOutput): FileTree {
  const tree = new FileTree();
  for (const path of walk(join(output.directory, 'standalone'), isNeverPacked)) {
    if (!isSourceMap(path)) tree.add(path);
  }
  return tree;
}

export function publicFiles(app: NextApp): string[] {
  const directory = join(app.directory, 'public');
  return isDirectory(directory) ? filesThroughLinks(directory) : [];
}

function filesThroughLinks(directory: string): string[] {
  return [...walk(directory, isNeverPacked)].flatMap((path) => (isDirectory(path) ? filesThroughLinks(path) : path));
}

async function traceModules(app: NextApp, output: BuildOutput): Promise<string[]> {
  const { root } = parse(app.directory);
  const result = await nodeFileTrace(startEntries(app), {
    base: root,
    processCwd: app.directory,
    mixedModules: true,
    ignore: (path) => OTHER_COMMANDS.some((pattern) => pattern.test(path)),
    // Next's own traces hold what is found by more than imports, sharp's libraries for example.
    analysis: false,
    readFile: readSource,
  });
  const started = [...result.fileList].map((path) => join(root, path));
  // A trace of an app that reads files by computed names may list all that lies in the app's folder.
  const unwanted = (path: string): boolean =>
    isBuildOnly(output, path) || isSourceMap(path) || posixRelative(app.directory, path).split('/').some(isNeverPacked);
  const traced = [...buildTraces(output), ...(await traceUntraced(app, output)), ...started];
  return traced.filter((path) => !unwanted(path));
}

/**
 * What Next's trace of its own server holds besides its modules. Next 16.4 leaves that trace out where the app has an adapter: sharp, which
 * is loaded by a computed name; the cache handlers that the configuration names; and SWC's helpers in the form that newer versions of
 * Node.js choose (`module-sync`).
 */
async function traceUntraced(app: NextApp, output: BuildOutput): Promise<string[]> {
  if (isFile(join(output.directory, SERVER_TRACE))) return [];
  const { cacheHandler, cacheHandlers } = output.config;
  const handlers = [cacheHandler, ...Object.values(cacheHandlers ?? {})].flatMap((path) =>
    path ? [resolve(output.directory, path)] : [],
  );
  const helpers = findPackage(realpathSync(app.nextDirectory), '@swc/helpers');
  const { root } = parse(app.directory);
  const entries = [...handlers, ...tryResolve(app, 'sharp')];
  const { fileList } = await nodeFileTrace(entries, { base: root, processCwd: app.directory, mixedModules: true });
  return [
    ...[...fileList].map((path) => join(root, path)),
    ...(helpers === undefined ? [] : filesThroughLinks(helpers)),
  ];
}

/** The file that Next itself would load for a package. */
function tryResolve(app: NextApp, name: string): string[] {
  try {
    return [createRequire(join(app.nextDirectory, 'package.json')).resolve(name)];
  } catch {
    return [];
  }
}

const SERVER_TRACE = 'next-server.js.nft.json';

/** `next start` looks for React in the app's own dependencies, wherever the build has it from. */
function startEntries(app: NextApp): string[] {
  const react = ['react', 'react-dom']
    .map((name) => findPackage(app.directory, name))
    .filter((path) => path !== undefined);
  return [
    ...START_ENTRIES.map((entry) => join(app.nextDirectory, 'dist', entry)),
    ...react.map((directory) => join(directory, 'index.js')),
  ];
}

/**
 * Next's files are compiled to CommonJS, large bundles among them: their `require` calls are all that there is to know, and found quickly.
 * Like the tracer's own reader it answers null for what is no file.
 */
async function readSource(path: string): Promise<string | null> {
  const content = await readFile(path, 'utf8').catch(() => null);
  if (content === null || !/\/next\/dist\/.*\.js$/.test(path)) return content;
  return (content.match(/\b(?:require|require\.resolve|import)\((["'])[^"'\n]+\1\)/g) ?? []).join(';\n');
}

/** The files that the build's own traces (`*.nft.json`) name. */
function buildTraces(output: BuildOutput): Set<string> {
  interface FileList {
    readonly files: readonly string[];
  }
  interface Trace extends FileList {
    /** Roots besides the project's: https://github.com/vercel/next.js/blob/canary/packages/next/src/build/nft.ts */
    readonly additionalRoots?: readonly (FileList & { readonly path: string })[];
  }
  const traced = new Set<string>();
  const skip = (path: string): boolean => isBuildOnly(output, path) || path.endsWith(MINIMAL_SERVER_TRACE);
  for (const file of walk(output.directory, skip)) {
    if (!file.endsWith('.nft.json')) continue;
    const trace = JSON.parse(readFileSync(file, 'utf8')) as Trace;
    const lists = [{ path: '.', files: trace.files }, ...(trace.additionalRoots ?? [])];
    for (const { path, files } of lists) {
      for (const name of files) traced.add(resolve(dirname(file), path, name));
    }
  }
  return traced;
}

/** Of a server for platforms that do Next's routing themselves. */
const MINIMAL_SERVER_TRACE = 'next-minimal-server.js.nft.json';
