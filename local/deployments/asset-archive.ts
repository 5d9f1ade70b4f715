import { zipSync, type Zippable } from 'fflate';
import { readFile, stat } from 'node:fs/promises';

import type { FileAsset } from '../assembly';
import { folderFiles } from './source';

/** The same in every run: https://github.com/aws/aws-cdk-cli gives archives this time, the first that a zip archive can hold. */
const MODIFIED = new Date(1980, 0, 1);

/** What a deployment would upload of an asset: the file itself, or the folder as a zip archive (here without compression). */
export async function readAsset({ path, packaging }: FileAsset): Promise<Buffer> {
  if (packaging === 'file' || (await stat(path)).isFile()) return readFile(path);
  const entries: Zippable = {};
  for (const file of await folderFiles(path)) entries[file.path] = await file.read();
  return Buffer.from(zipSync(entries, { level: 0, mtime: MODIFIED }));
}
