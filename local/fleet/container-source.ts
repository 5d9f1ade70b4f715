import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { Bundle } from '../../contract';
import { type ImageConfiguration, readDockerfile } from './dockerfile';
import type { ContainerDefinition } from './task-definition';

/** The staged build context of a container image, and its Dockerfile relative to it. */
export interface ImageAsset {
  readonly directory: string;
  readonly dockerFile?: string;
}

/** Where a container's files are on this machine, and what its image says about running them. */
export interface ContainerSource {
  readonly directory: string;
  /** The folder of the image that {@link directory} stands for; absent where the command simply runs in the directory. */
  readonly imageRoot?: string;
  readonly configuration: ImageConfiguration;
}

export interface SourceOptions {
  /** The image asset behind a resolved image name. */
  readonly imageAsset: (image: string) => ImageAsset | undefined;
  /** Directories to run containers of foreign images in, by container name. */
  readonly directories: Readonly<Record<string, string>>;
}

/**
 * Finds a container's files: the directory the user named for it, or the bundle inside its image asset.
 *
 * Other images would have to be built first, so there is no source for them.
 */
export function tryFindSource(container: ContainerDefinition, options: SourceOptions): ContainerSource | undefined {
  const asset = options.imageAsset(container.image);
  const directory = options.directories[container.name];
  if (directory !== undefined) {
    return { directory: resolve(directory), configuration: readImage(asset ?? { directory: resolve(directory) }) };
  }
  if (asset === undefined || !isBundle(asset.directory)) return undefined;
  return {
    directory: join(asset.directory, Bundle.SERVER_DIRECTORY),
    imageRoot: Bundle.IMAGE_ROOT,
    configuration: readImage(asset),
  };
}

function isBundle(directory: string): boolean {
  return existsSync(join(directory, Bundle.FACTS_FILE)) && existsSync(join(directory, Bundle.SERVER_DIRECTORY));
}

function readImage(asset: ImageAsset): ImageConfiguration {
  const file = join(asset.directory, asset.dockerFile ?? 'Dockerfile');
  return existsSync(file) ? readDockerfile(readFileSync(file, 'utf8')) : { environment: {} };
}
