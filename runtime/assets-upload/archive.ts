import { inflateRawSync } from 'node:zlib';

import { crc32 } from './crc32';

/** Reads bytes `from` up to and without `to`; what reaches beyond the archive's end is left out. */
export type RangeReader = (from: number, to: number) => Promise<Buffer>;

/** A file in an archive. */
export interface ArchivedFile {
  /** With `/`, relative to the archive's root. */
  readonly path: string;
  /** Extracted. */
  readonly size: number;
  readonly read: () => Promise<Buffer>;
}

interface Entry {
  readonly path: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Of the local header. */
  readonly offset: number;
}

const END_OF_DIRECTORY = Buffer.from([0x50, 0x4b, 0x05, 0x06]);
const END_OF_DIRECTORY_SIZE = 22;
const LONGEST_COMMENT = 65_535;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const LOCAL_HEADER_SIZE = 30;
const STORED = 0;
const DEFLATED = 8;
/** Stands where a number is too large for the plain format. */
const IN_ZIP64 = { count: 0xffff, offset: 0xffffffff };

/**
 * The files of a zip archive, from its directory; each file is read when asked for, so that memory holds only those at work.
 *
 * A stream through the archive would have to guess where files end, because CDK's writer notes sizes behind them.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 *
 * @param size of the archive, in bytes
 */
export async function openArchive(size: number, read: RangeReader): Promise<ArchivedFile[]> {
  const directory = await readDirectory(size, read);
  const entries = parseDirectory(directory.bytes).filter(({ path }) => !path.endsWith('/'));
  const starts = entries.map(({ offset }) => offset).sort((left, right) => left - right);
  const nextStart = new Map(starts.map((start, index) => [start, starts[index + 1] ?? directory.offset]));
  return entries.map((entry) => ({
    path: safePath(entry.path),
    size: entry.size,
    read: async () => extract(entry, await read(entry.offset, nextStart.get(entry.offset) ?? directory.offset)),
  }));
}

async function readDirectory(size: number, read: RangeReader): Promise<{ offset: number; bytes: Buffer }> {
  const tailStart = Math.max(0, size - END_OF_DIRECTORY_SIZE - LONGEST_COMMENT);
  const tail = await read(tailStart, size);
  const end = tail.lastIndexOf(END_OF_DIRECTORY);
  if (end < 0 || end + END_OF_DIRECTORY_SIZE > tail.length) throw new Error('the asset is not a zip archive');
  const [count, length, offset] = [
    tail.readUInt16LE(end + 10),
    tail.readUInt32LE(end + 12),
    tail.readUInt32LE(end + 16),
  ];
  if (count === IN_ZIP64.count || offset === IN_ZIP64.offset) {
    throw new Error('the asset is larger than 4 GB or has more than 65,534 files, which is more than can be uploaded');
  }
  const inTail = offset - tailStart;
  const bytes = inTail >= 0 ? tail.subarray(inTail, inTail + length) : await read(offset, offset + length);
  return { offset, bytes };
}

function parseDirectory(bytes: Buffer): Entry[] {
  const entries: Entry[] = [];
  let position = 0;
  while (position < bytes.length) {
    if (bytes.readUInt32LE(position) !== DIRECTORY_ENTRY) throw new Error('the directory of the asset is damaged');
    const pathEnd = position + 46 + bytes.readUInt16LE(position + 28);
    entries.push({
      path: bytes.toString('utf8', position + 46, pathEnd),
      method: bytes.readUInt16LE(position + 10),
      crc: bytes.readUInt32LE(position + 16),
      compressedSize: bytes.readUInt32LE(position + 20),
      size: bytes.readUInt32LE(position + 24),
      offset: bytes.readUInt32LE(position + 42),
    });
    position = pathEnd + bytes.readUInt16LE(position + 30) + bytes.readUInt16LE(position + 32);
  }
  return entries;
}

/** An archive that names files outside of itself is not one of ours. */
function safePath(path: string): string {
  if (path.startsWith('/') || path.split('/').includes('..')) {
    throw new Error(`the asset has a file outside of itself: ${path}`);
  }
  return path;
}

function extract(entry: Entry, bytes: Buffer): Buffer {
  if (bytes.length < LOCAL_HEADER_SIZE || bytes.readUInt32LE(0) !== LOCAL_HEADER) {
    throw new Error(`${entry.path}: its place in the asset is damaged`);
  }
  const start = LOCAL_HEADER_SIZE + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  const content = decompress(entry, bytes.subarray(start, start + entry.compressedSize));
  if (content.length !== entry.size || crc32(content) !== entry.crc) {
    throw new Error(`${entry.path}: what the asset holds of it is damaged`);
  }
  return content;
}

function decompress(entry: Entry, content: Buffer): Buffer {
  if (entry.method === STORED) return content;
  if (entry.method === DEFLATED) return inflateRawSync(content);
  throw new Error(`${entry.path}: compressed by method ${entry.method}; known are stored (0) and deflated (8)`);
}
