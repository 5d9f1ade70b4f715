import { inflateRawSync } from 'node:zlib';
import { DeploymentError } from './deployment-error';
import type { SourceFile } from './source-file';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_OF_DIRECTORY_SIZE = 22;
const STORED = 0;
const DEFLATED = 8;

/** The files of a zip archive: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (no ZIP64, no encryption). */
export function unzip(archive: Buffer, name: string): SourceFile[] {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + END_OF_DIRECTORY_SIZE > archive.length || archive.readUInt32LE(end) !== END_OF_DIRECTORY) {
    throw new DeploymentError(`${name} is not a zip archive.`);
  }
  const files: SourceFile[] = [];
  let position = archive.readUInt32LE(end + 16);
  for (let entries = archive.readUInt16LE(end + 10); entries > 0; entries--) {
    if (archive.readUInt32LE(position) !== DIRECTORY_ENTRY)
      throw new DeploymentError(`${name} is a damaged or ZIP64 archive.`);
    const entry = readEntry(archive, position);
    if (!entry.path.endsWith('/'))
      files.push({ path: entry.path, read: () => Promise.resolve(extract(archive, entry, name)) });
    position += entry.size;
  }
  return files;
}

interface Entry {
  readonly path: string;
  readonly method: number;
  readonly compressedSize: number;
  /** Of the local header. */
  readonly offset: number;
  /** Of the entry in the directory. */
  readonly size: number;
}

function readEntry(archive: Buffer, position: number): Entry {
  const [pathLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
    archive.readUInt16LE(position + offset),
  );
  const pathStart = position + 46;
  return {
    path: archive.toString('utf8', pathStart, pathStart + (pathLength ?? 0)),
    method: archive.readUInt16LE(position + 10),
    compressedSize: archive.readUInt32LE(position + 20),
    offset: archive.readUInt32LE(position + 42),
    size: 46 + (pathLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0),
  };
}

function extract(archive: Buffer, entry: Entry, name: string): Buffer {
  const start = entry.offset + 30 + archive.readUInt16LE(entry.offset + 26) + archive.readUInt16LE(entry.offset + 28);
  const content = archive.subarray(start, start + entry.compressedSize);
  if (entry.method === STORED) return content;
  if (entry.method === DEFLATED) return inflateRawSync(content);
  throw new DeploymentError(
    `${name}: ${entry.path} is compressed by method ${String(entry.method)}; known are stored and deflated.`,
  );
}
