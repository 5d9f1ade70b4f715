import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';

import type { FileAsset } from '../assembly';
import { unzip } from '../deployments';
import { UserError } from '../user-error';
import type { FunctionDefinition } from './function-definition';

/**
 * Puts a function's code into a folder: a staged folder or archive, or the source that stands in the template.
 *
 * It is a copy, for the assembly may be synthesized anew while the function runs.
 */
export async function placeCode(
  definition: FunctionDefinition,
  assets: readonly FileAsset[],
  directory: string,
): Promise<void> {
  const { inline, bucketName, objectKey } = definition.code;
  await mkdir(directory, { recursive: true });
  if (inline !== undefined) {
    await writeFile(join(directory, 'index.js'), inline);
    return;
  }
  const asset = assets.find((candidate) => candidate.bucketName === bucketName && candidate.objectKey === objectKey);
  if (asset === undefined) {
    throw new UserError(
      `cdk-nextjs-ecs local: function ${definition.title} has its code in s3://${bucketName ?? ''}/${objectKey ?? ''}, ` +
        'which is no asset of the assembly. Give it as an asset: Code.fromAsset().',
    );
  }
  if ((await stat(asset.path)).isDirectory()) await cp(asset.path, directory, { recursive: true });
  else await extract(asset.path, directory);
}

async function extract(archive: string, directory: string): Promise<void> {
  for (const { path, read } of unzip(await readFile(archive), archive)) {
    const file = resolve(directory, path);
    if (!file.startsWith(directory + sep)) {
      throw new UserError(
        `cdk-nextjs-ecs local: ${archive} holds ${path}, which lies outside of the function's folder.`,
      );
    }
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, await read());
  }
}
