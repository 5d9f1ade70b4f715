import { zipSync, type Zippable } from 'fflate';
import { readFile, stat } from 'node:fs/promises';

import type { FileAsset } from '../assembly';
import { folderFiles } from './source';

/** The same in every run: https://github.com/aws/aws-cdk-cli gives archives this time, the first that a zip archive can hold. */
const MODIFIED = new Date(1980, 0, 1);

/** A process may have a thousand open, on some machines 256. */
const FILES_AT_ONCE = 32;

/** What a deployment would upload of an asset: the file itself, or the folder as a zip archive (here without compression). */
export async function readAsset({ path, packaging }: FileAsset): Promise<Buffer> {
  if (packaging === 'file' || (await stat(path)).isFile()) return readFile(path);
  const files = await folderFiles(path);
  const entries: Zippable = {};
  for (let from = 0; from < files.length; from += FILES_AT_ONCE) {
    const group = files.slice(from, from + FILES_AT_ONCE);
    const contents = await Promise.all(group.map((file) => file.read()));
    for (const [index, file] of group.entries()) entries[file.path] = contents[index] ?? Buffer.alloc(0);
  }
  return Buffer.from(zipSync(entries, { level: 0, mtime: MODIFIED }));
}
