import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BASE_IMAGE } from './base-image';
import { run } from './command';
import type { ImageStorage } from './image-storage';

export interface LayerFile {
  /** Without a leading slash. */
  readonly path: string;
  /** `-rw-r--r--`, `drwxr-xr-x`, `lrwxrwxrwx`. */
  readonly mode: string;
  /** User and group by number, `1000/1000`. */
  readonly owner: string;
  readonly bytes: number;
}

/** What an image adds to its base image. */
export interface ImageLayers {
  readonly files: readonly LayerFile[];
  readonly bytes: number;
  /** As a registry holds the layers. */
  readonly compressedBytes: number;
}

/** What an image may add to its base at most, where the app's own files are as few as those of the examples. */
export const ALLOWED = { bytes: 55_000_000, compressedBytes: 18_000_000 } as const;

interface Descriptor {
  readonly digest: string;
}

/** Reads the layers of an image that its base does not have. */
export async function readLayers(storage: ImageStorage, image: string): Promise<ImageLayers> {
  const folder = mkdtempSync(join(tmpdir(), 'image-layers-'));
  try {
    await storage.podman('save', '--quiet', '--format', 'oci-dir', '--output', join(folder, 'image'), image);
    const blob = ({ digest }: Descriptor): string => join(folder, 'image/blobs', digest.replace(':', '/'));
    const { manifests } = readJson(join(folder, 'image/index.json')) as { manifests: [Descriptor] };
    const { layers } = readJson(blob(manifests[0])) as { layers: Descriptor[] };
    const own = layers.slice(await countLayers(storage, BASE_IMAGE)).map(blob);
    const files = (await Promise.all(own.map(listFiles))).flat();
    return {
      files,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      compressedBytes: own.reduce((sum, file) => sum + statSync(file).size, 0),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function countLayers(storage: ImageStorage, image: string): Promise<number> {
  return Number(await storage.podman('image', 'inspect', '--format', '{{len .RootFS.Layers}}', image));
}

/** `-rw-r--r-- 1000/1000 4331 1970-01-01 00:00 app/server.js` */
async function listFiles(archive: string): Promise<LayerFile[]> {
  const listed = await run('tar', ['--list', '--verbose', '--numeric-owner', '--gzip', '--file', archive]);
  return listed.split('\n').flatMap((line) => {
    const [, mode, owner, bytes, path] = /^(\S+) (\S+) +(\d+) \S+ \S+ (.+?)(?: -> .+)?$/.exec(line) ?? [];
    if (mode === undefined || owner === undefined || path === undefined) return [];
    return [{ mode, owner, bytes: Number(bytes), path }];
  });
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}
