import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

import type { NextApp } from './app';
import { loadConfig } from './build';
import { BundleError } from './error';
import { isDirectory, isNeverPacked, isSourceMap, posixRelative, tryReadJson, walk } from './files';

/** What a finished `next build` left behind. */
export interface BuildOutput {
  /** Absolute path of the build output, usually `<app>/.next`. */
  readonly directory: string;
  readonly buildId: string;
  /** The configuration as the build resolved it. */
  readonly config: ResolvedConfig;
  /** The app's folder relative to the root of `output: 'standalone'`'s tree, POSIX; empty at the root itself. */
  readonly relativeAppDirectory: string;
  /** When the build began, as far as the output itself tells, in milliseconds since the epoch. */
  readonly begunAt: number;
  /** What tells this run of `next build` from any other, even when both wrote the same; absent where the output does not say. */
  readonly run?: string;
}

/** The part of `required-server-files.json`'s configuration that the bundle reads. */
export interface ResolvedConfig {
  readonly distDir: string;
  readonly output?: string;
  readonly basePath: string;
  readonly assetPrefix: string;
  readonly deploymentId?: string;
  readonly trailingSlash: boolean;
  /** Paths of cache handlers, the app's own or an adapter's, relative to {@link distDir}. */
  readonly cacheHandler?: string | null;
  readonly cacheHandlers?: Readonly<Record<string, string | undefined>> | null;
  readonly images: { readonly path: string; readonly loader: string; readonly unoptimized: boolean };
  readonly experimental?: { readonly validateRSCRequestHeaders?: boolean };
}

/** Reads and checks the app's production build. `builtSince` tells when a build was just begun, if one was. */
export async function readBuildOutput(app: NextApp, builtSince?: number): Promise<BuildOutput> {
  const directory = await locate(app, builtSince);
  const buildId = readFileSync(join(directory, 'BUILD_ID'), 'utf8').trim();
  const required = tryReadJson(join(directory, 'required-server-files.json')) as
    { config: ResolvedConfig; relativeAppDir?: string } | undefined;
  if (required === undefined || required.config.output === 'export') throw staticExport(app);
  const span = findBuildSpan(directory);
  if (span?.version !== undefined && span.version !== app.nextVersion) {
    throw new BundleError(
      `${directory} was built by Next.js ${span.version}, but ${app.nextVersion} is installed. Build again (leave --skip-build out).`,
    );
  }
  return {
    directory,
    buildId,
    config: required.config,
    relativeAppDirectory: required.relativeAppDir ?? '',
    begunAt: span?.startTime ?? oldestManifest(directory),
    run: span === undefined ? undefined : `${span.traceId ?? ''}@${String(span.startTime)}`,
  };
}

/** `.next`, unless the configuration says otherwise: Next.js is asked only where `.next` is not what was just built. */
async function locate(app: NextApp, builtSince = 0): Promise<string> {
  const usual = join(app.directory, '.next');
  if (isBuild(usual) && statSync(join(usual, 'BUILD_ID')).mtimeMs >= builtSince) return usual;
  const { distDir, output } = await loadConfig(app);
  if (output === 'export') throw staticExport(app);
  const configured = resolve(app.directory, distDir);
  if (isBuild(configured)) return configured;
  const development = isDirectory(join(configured, 'dev')) || isDirectory(join(configured, 'server'));
  throw new BundleError(
    development
      ? `${configured} holds a development build only (it has no BUILD_ID). Make a production build: leave --skip-build out, or run next build.`
      : `there is no production build in ${configured} (it has no BUILD_ID). Leave --skip-build out, or run next build first.`,
  );
}

function isBuild(directory: string): boolean {
  return existsSync(join(directory, 'BUILD_ID'));
}

function staticExport(app: NextApp): BundleError {
  return new BundleError(
    `${app.directory} is exported as static files (output: 'export' in next.config), so there is no server to run. ` +
      'Remove that line to deploy the app, or put the exported folder on any static hosting.',
  );
}

interface BuildSpan {
  readonly startTime: number;
  readonly traceId?: string;
  readonly version?: string;
}

/** The span `next-build` of the trace that the build writes beside its output. */
function findBuildSpan(directory: string): BuildSpan | undefined {
  interface Span {
    readonly name: string;
    readonly startTime: number;
    readonly traceId?: string;
    readonly tags?: { readonly version?: string };
  }
  const file = join(directory, 'trace');
  if (!existsSync(file)) return undefined;
  const last = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"next-build"'))
    .flatMap((line) => JSON.parse(line) as Span[])
    .findLast((span) => span.name === 'next-build');
  return last === undefined
    ? undefined
    : { startTime: last.startTime, traceId: last.traceId, version: last.tags?.version };
}

function oldestManifest(directory: string): number {
  const times = [
    'BUILD_ID',
    'build-manifest.json',
    'routes-manifest.json',
    'prerender-manifest.json',
    'required-server-files.json',
  ]
    .map((file) => statSync(join(directory, file), { throwIfNoEntry: false })?.mtimeMs)
    .filter((time) => time !== undefined);
  return Math.floor(Math.min(...times));
}

/** What of the build output serves no request: build caches, traces, types, the development build, Next's own standalone tree. */
const BUILD_ONLY = new Set([
  'build',
  'cache',
  'dev',
  'diagnostics',
  'lock',
  'standalone',
  'trace',
  'trace-build',
  'turbopack',
  'types',
]);

/** Whether a path lies in a part of the build output that serves no request. */
export function isBuildOnly(output: BuildOutput, path: string): boolean {
  const [part = ''] = posixRelative(output.directory, path).split('/');
  return BUILD_ONLY.has(part);
}

/** The files of the build output that a server needs, in a fixed order. */
export function packableFiles(output: BuildOutput): string[] {
  const skip = (path: string): boolean =>
    isBuildOnly(output, path) || isNeverPacked(path) || isSourceMap(path) || path.endsWith('.nft.json');
  return [...walk(output.directory, skip)];
}

/** The files that browsers ask for below `/_next/static`, in a fixed order. */
export function staticFiles(output: BuildOutput): string[] {
  return [...walk(join(output.directory, 'static'), (path) => isNeverPacked(path) || isSourceMap(path))];
}
