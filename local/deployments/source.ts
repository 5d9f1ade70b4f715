import { readdir, readFile, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { FileAsset } from '../assembly';
import type { S3Server } from '../stores';
import { DeploymentError } from './deployment-error';
import type { SourceFile } from './source-file';
import { unzip } from './zip';

/** The files behind a source of a deployment: a staged folder, a staged archive, or an archive in a bucket. */
export async function sourceFiles(
  bucketName: string,
  objectKey: string,
  assets: readonly FileAsset[],
  s3: S3Server,
): Promise<SourceFile[]> {
  const asset = assets.find((candidate) => candidate.bucketName === bucketName && candidate.objectKey === objectKey);
  if (asset?.packaging === 'zip') return folderFiles(asset.path);
  return unzip(await archive(bucketName, objectKey, asset, s3), objectKey);
}

/** A source that is uploaded as it is, not extracted. */
export async function archive(
  bucketName: string,
  objectKey: string,
  asset: FileAsset | undefined,
  s3: S3Server,
): Promise<Buffer> {
  if (asset) return readFile(asset.path);
  const object = s3.bucketNames().includes(bucketName) ? s3.tryGetObject(bucketName, objectKey) : undefined;
  if (!object) {
    throw new DeploymentError(
      `its source s3://${bucketName}/${objectKey} is neither an asset of the stack nor in a local bucket.`,
    );
  }
  return object.body;
}

async function readSourceFile(directory: string, name: string): Promise<SourceFile | undefined> {
  const file = join(directory, name);
  if (!(await stat(file)).isFile()) return undefined;
  return { path: name.split(sep).join('/'), read: () => readFile(file) };
}

export async function folderFiles(directory: string): Promise<SourceFile[]> {
  const names = (await readdir(directory, { recursive: true })).sort();
  const files = await Promise.all(names.map((name) => readSourceFile(directory, name)));
  return files.filter((file) => file !== undefined);
}
