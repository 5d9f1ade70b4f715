/**
 * What an image of an app adds to its base image: `npm run bench:image`, as root, with Debian's buildah, podman, runc and mmdebstrap.
 *
 * Builds each as `cdk deploy` would, and reads its layers as a registry would hold them. Writes bench/results/image.json, and ends with 1 where
 * one is larger than allowed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { NextjsBuild } from '../lib';
import { makeBaseImage } from '../test/deploy/image/base-image';
import { ALLOWED, type ImageLayers, type LayerFile, readLayers } from '../test/deploy/image/image-layers';
import { ImageStorage } from '../test/deploy/image/image-storage';
import { PnpmWorkspace } from '../test/deploy/image/pnpm-workspace';
import { synthesizeTask } from '../test/deploy/image/task';
import { prepareAssets, prepareExample } from '../test/fixtures/prepare';
import { PackedApp } from '../test/runtime/server/packed-app';

const RESULT = resolve(import.meta.dirname, 'results/image.json');

/** What a file of the image belongs to, by the first pattern that its path matches. */
const PARTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['sharp and libvips', /\/@img\/|\/sharp\//],
  ['next', /node_modules\/next\//],
  ['react', /node_modules\/react(-dom)?\//],
  ['other packages', /node_modules\//],
  ['jemalloc', /libjemalloc/],
  ['runtime of cdk-nextjs-ecs', /\.cdk-nextjs-ecs\//],
  ['build output', /\.next\//],
  ['public files and the rest', /./],
];

interface Result {
  readonly files: number;
  readonly bytes: number;
  readonly compressedBytes: number;
  /** Bytes by {@link PARTS}. */
  readonly parts: Readonly<Record<string, number>>;
}

function summarize({ files, bytes, compressedBytes }: ImageLayers): Result {
  const parts = new Map<string, number>();
  for (const file of files) parts.set(partOf(file), (parts.get(partOf(file)) ?? 0) + file.bytes);
  const count = files.filter(({ mode }) => !mode.startsWith('d')).length;
  return { files: count, bytes, compressedBytes, parts: Object.fromEntries([...parts].sort(([, a], [, b]) => b - a)) };
}

function partOf({ path }: LayerFile): string {
  return PARTS.find(([, pattern]) => pattern.test(path))?.[0] ?? 'other';
}

/** Builds the image of the bundle in a folder, and measures it. */
async function measure(storage: ImageStorage, scratch: string, directory: string): Promise<Result> {
  const { asset } = synthesizeTask(scratch, () => NextjsBuild.fromDirectory(directory));
  if (!asset) throw new Error(`bench: the task of ${directory} has no image asset`);
  const image = await storage.build({ directory: asset.directory, dockerfile: asset.dockerFile });
  return summarize(await readLayers(storage, image));
}

async function measureAll(storage: ImageStorage, scratch: string): Promise<Record<string, Result>> {
  await Promise.all([makeBaseImage(storage), prepareAssets()]);
  const storefront = await PackedApp.packBuilt(await prepareExample('storefront'));
  const results = { storefront: await measure(storage, scratch, storefront.directory) };
  await storefront.remove();
  const workspace = await PnpmWorkspace.install(scratch);
  await workspace.build();
  const started = await measure(storage, scratch, workspace.app);
  workspace.configure({ output: 'standalone' });
  await workspace.build();
  return {
    ...results,
    'pnpm workspace': started,
    'pnpm workspace, standalone': await measure(storage, scratch, workspace.app),
  };
}

function report(images: Readonly<Record<string, Result>>): void {
  const machine = { os: `${platform()}/${arch()}`, node: process.version };
  const result = { bench: 'image', at: new Date().toISOString(), machine, allowed: ALLOWED, images };
  mkdirSync(dirname(RESULT), { recursive: true });
  writeFileSync(RESULT, `${JSON.stringify(result, null, 2)}\n`);
  for (const [name, { files, bytes, compressedBytes }] of Object.entries(images)) {
    console.log(`${name}: ${files} files, ${megabytes(bytes)} MB, ${megabytes(compressedBytes)} MB compressed`);
    if (bytes > ALLOWED.bytes || compressedBytes > ALLOWED.compressedBytes) process.exitCode = 1;
  }
  console.log(`allowed: ${megabytes(ALLOWED.bytes)} MB, ${megabytes(ALLOWED.compressedBytes)} MB compressed`);
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

async function main(): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-image-'));
  const storage = ImageStorage.create();
  try {
    report(await measureAll(storage, scratch));
  } finally {
    storage.remove();
    rmSync(scratch, { recursive: true, force: true });
  }
}

void main();
