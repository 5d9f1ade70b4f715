import { join } from 'node:path';
import { fillPlaceholders, type StackEnvironment } from './environment';

/** A file or folder that a deployment would upload to the bootstrap bucket. */
export interface FileAsset {
  readonly id: string;
  /** Absolute; a folder when the packaging is `zip`. */
  readonly path: string;
  /** `zip`: the folder would be zipped; `file`: the file is uploaded as it is. */
  readonly packaging: 'zip' | 'file';
  readonly bucketName: string;
  readonly objectKey: string;
}

/** A build context whose image a deployment would build and push. */
export interface DockerAsset {
  readonly id: string;
  /** The context, absolute. */
  readonly directory: string;
  /** Relative to the context. */
  readonly dockerFile: string;
  /** For example `linux/arm64`; absent where it is the building machine's. */
  readonly platform?: string;
  readonly repositoryName: string;
  readonly imageTag: string;
  /** How the template names the image once its intrinsics are resolved. */
  readonly imageUri: string;
}

/** An asset manifest: https://github.com/aws/aws-cdk-cli/tree/main/packages/%40aws-cdk/cloud-assembly-schema */
export interface AssetManifest {
  readonly files?: Readonly<Record<string, ManifestEntry<FileSource, FileDestination>>>;
  readonly dockerImages?: Readonly<Record<string, ManifestEntry<DockerSource, DockerDestination>>>;
}

interface ManifestEntry<Source, Destination> {
  readonly source: Source;
  readonly destinations: Readonly<Record<string, Destination>>;
}

interface FileSource {
  readonly path?: string;
  readonly packaging?: 'zip' | 'file';
}

interface FileDestination {
  readonly bucketName: string;
  readonly objectKey: string;
}

interface DockerSource {
  readonly directory?: string;
  readonly dockerFile?: string;
  readonly platform?: string;
}

interface DockerDestination {
  readonly repositoryName: string;
  readonly imageTag: string;
}

/** The files of a manifest, one for each destination. Those that a command would produce (no path) are left out. */
export function fileAssets(manifest: AssetManifest, directory: string, environment: StackEnvironment): FileAsset[] {
  return Object.entries(manifest.files ?? {}).flatMap(([id, { source, destinations }]) =>
    source.path === undefined
      ? []
      : Object.values(destinations).map((destination) => ({
          id,
          path: join(directory, source.path ?? ''),
          packaging: source.packaging ?? 'file',
          bucketName: fillPlaceholders(destination.bucketName, environment),
          objectKey: fillPlaceholders(destination.objectKey, environment),
        })),
  );
}

export function dockerAssets(manifest: AssetManifest, directory: string, environment: StackEnvironment): DockerAsset[] {
  return Object.entries(manifest.dockerImages ?? {}).flatMap(([id, { source, destinations }]) =>
    source.directory === undefined
      ? []
      : Object.values(destinations).map((destination) => ({
          id,
          directory: join(directory, source.directory ?? ''),
          dockerFile: source.dockerFile ?? 'Dockerfile',
          ...(source.platform !== undefined && { platform: source.platform }),
          ...imageName(destination, environment),
        })),
  );
}

function imageName(destination: DockerDestination, environment: StackEnvironment) {
  const { account, region, urlSuffix } = environment;
  const repositoryName = fillPlaceholders(destination.repositoryName, environment);
  const imageTag = fillPlaceholders(destination.imageTag, environment);
  return {
    repositoryName,
    imageTag,
    imageUri: `${account}.dkr.ecr.${region}.${urlSuffix}/${repositoryName}:${imageTag}`,
  };
}
