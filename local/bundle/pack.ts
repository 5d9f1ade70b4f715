import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { Bundle, type BundleFacts, type BundlePlatform } from '../../contract';
import type { Progress } from '../progress';
import { findApp, type NextApp } from './app';
import { copyStaticFiles } from './assets';
import { runBuild } from './build';
import { noteEnvironmentFiles } from './environment';
import { factsOfOutput } from './facts';
import { DOCKERIGNORE, dockerfile } from './image';
import { includedFiles } from './include';
import { fingerprint } from './namespace';
import { settleNativeModules } from './native';
import { replaceForeignPackages } from './native-packages';
import { type BuildOutput, readBuildOutput } from './output';
import { findOwnPackage, findPreload } from './package';
import { copyServer, findServer } from './server';
import { formatSize } from './size';
import { Staging } from './staging';
import type { TreeSize } from './tree';

export interface PackBundleOptions {
  /** Folder of the Next.js app. */
  readonly appDirectory: string;
  /** Where the bundle goes; default: `.cdk-nextjs-ecs` in the app's folder. What is there is replaced if it is a bundle. */
  readonly outDirectory?: string;
  /** Packs the build that is there; default: the app is built first. */
  readonly skipBuild?: boolean;
  /** Patterns of files that the server reads by names that no tracing sees, relative to the app's folder. */
  readonly include?: readonly string[];
  /** A Dockerfile to put into the bundle in place of ours; its build context is the bundle. */
  readonly dockerfile?: string;
  /** What the server will run on; default: Linux, on the architecture of the app's native modules. */
  readonly target?: BundlePlatform;
  readonly progress: Progress;
}

export interface PackedBundle {
  /** Absolute path of the bundle. */
  readonly directory: string;
  readonly facts: BundleFacts;
  readonly server: TreeSize;
  readonly static: TreeSize;
}

/** Builds a Next.js app and packs it into a bundle, whole or not at all. */
export async function packBundle(options: PackBundleOptions): Promise<PackedBundle> {
  const app = findApp(resolve(options.appDirectory));
  const preload = findPreload();
  const began = options.skipBuild === true ? undefined : await runBuild(app, options.progress);
  const output = await readBuildOutput(app, began);
  const staging = new Staging(resolve(options.outDirectory ?? join(app.directory, Bundle.DIRECTORY)));
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-'));
  try {
    const contents = await fill(staging.directory, { ...options, app, output, preload, began, scratch });
    staging.commit();
    return { directory: staging.destination, ...contents };
  } catch (error) {
    staging.discard();
    throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

interface Ingredients extends PackBundleOptions {
  readonly app: NextApp;
  readonly output: BuildOutput;
  /** The preload's file in this package. */
  readonly preload: string;
  /** When the build began, if it was just made. */
  readonly began?: number;
  /** A folder for what is fetched, gone when the bundle is packed. */
  readonly scratch: string;
}

async function fill(directory: string, ingredients: Ingredients): Promise<Omit<PackedBundle, 'directory'>> {
  const { app, output, preload, began, target, scratch, progress } = ingredients;

  progress.step('Tracing what the server loads');
  const traced = await findServer(app, output, includedFiles(app, ingredients.include ?? []));
  const fetched = await replaceForeignPackages(app, traced.files, target, scratch, progress);
  const server = { ...traced, additions: [...traced.additions, ...fetched.files] };
  const native = settleNativeModules(server.files, target ?? fetched.platform);
  noteEnvironmentFiles(app, progress);
  progress.done();

  progress.step('Packing the server');
  const serverDirectory = join(directory, Bundle.SERVER_DIRECTORY);
  const serverSize = await copyServer(server, serverDirectory);
  progress.done(formatSize(serverSize));

  progress.step('Packing static files');
  const staticSize = await copyStaticFiles(output, join(directory, Bundle.STATIC_DIRECTORY));
  progress.done(formatSize(staticSize));

  const facts: BundleFacts = {
    formatVersion: Bundle.FORMAT_VERSION,
    packageVersion: findOwnPackage().version,
    nextVersion: app.nextVersion,
    namespace: fingerprint(output),
    buildTime: Math.min(began ?? output.begunAt, output.begunAt),
    builtAt: Math.ceil(statSync(join(output.directory, 'BUILD_ID')).mtimeMs),
    server: server.description,
    nativePlatform: native.platform ?? fetched.platform,
    ...factsOfOutput(output, [...server.files.paths, ...server.additions.map(([, to]) => `/${to}`)]),
  };
  writeFacts(facts, [directory, join(serverDirectory, Bundle.DIRECTORY)]);
  copyFileSync(preload, join(serverDirectory, Bundle.DIRECTORY, Bundle.PRELOAD_FILE));
  writeFileSync(
    join(directory, Bundle.DOCKERFILE),
    ingredients.dockerfile === undefined
      ? dockerfile(server.description, native.musl)
      : readFileSync(ingredients.dockerfile),
  );
  writeFileSync(join(directory, '.dockerignore'), DOCKERIGNORE);
  writeFileSync(join(directory, '.gitignore'), '*\n');
  return { facts, server: serverSize, static: staticSize };
}

function writeFacts(facts: BundleFacts, directories: readonly string[]): void {
  for (const directory of directories) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, Bundle.FACTS_FILE), `${JSON.stringify(facts, null, 2)}\n`);
  }
}
