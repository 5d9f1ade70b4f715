/** Encodes and decodes a stored entry in a process of its own: `codec-worker.ts FILE ROUNDS`. */
import { readFileSync } from 'node:fs';

import { compress, decompress } from '../../runtime/cache/compression';
import type { Entry } from '../../runtime/cache/entry';
import { decodeEntry, encodeEntry } from '../../runtime/cache/entry-codec';

/** Milliseconds, by round; and bytes. */
export interface CodecTimes {
  readonly encode: readonly number[];
  readonly decode: readonly number[];
  readonly both: readonly number[];
  /** Compressing and decompressing alone, of the same bytes. */
  readonly compression: readonly number[];
  /** Bytes of the entry as handlers write it that write JSON. */
  readonly json: number;
  /** Bytes that are compressed. */
  readonly plain: number;
}

const WARM_UP = 500;
/** Of the format: entry-codec.ts. */
const COMPRESSION_AT = 4;
const CONTENT_AT = 21;
const KEY_IN_HEAD = /"key":("(?:[^"\\]|\\.)*")/;

async function main(file: string, rounds: number): Promise<void> {
  const stored = readFileSync(file);
  const plain = await decompress(stored[COMPRESSION_AT] ?? 0, stored.subarray(CONTENT_AT));
  if (plain === undefined) throw new Error('this Node.js does not know how the entry is compressed');
  const entry = await entryIn(stored, plain);
  const json = Buffer.byteLength(JSON.stringify(entry.value, jsonForm));
  const times = { encode: [] as number[], decode: [] as number[], both: [] as number[], compression: [] as number[] };
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const start = performance.now();
    const object = await encodeEntry(entry);
    const encoded = performance.now();
    if ((await decodeEntry(object, entry.group, entry.key)) === undefined) throw new Error('not decodable');
    const decoded = performance.now();
    const packed = await compress(plain);
    await decompress(packed.compression, packed.bytes);
    const compressed = performance.now();
    if (round < 0) continue;
    times.encode.push(encoded - start);
    times.decode.push(decoded - encoded);
    times.both.push(decoded - start);
    times.compression.push(compressed - decoded);
  }
  console.log(JSON.stringify({ ...times, json, plain: plain.length } satisfies CodecTimes));
}

/** The entry of an object whose key is not known. */
async function entryIn(stored: Buffer, plain: Buffer): Promise<Entry> {
  const key = JSON.parse(KEY_IN_HEAD.exec(plain.toString('utf8'))?.[1] ?? '""') as string;
  const entry = await decodeEntry(stored, 'response', key);
  if (entry === undefined) throw new Error('the stored object is not an entry');
  return entry;
}

/** What handlers that write JSON make of an entry: buffers in base64, maps as objects. */
function jsonForm(_name: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value) {
    return Buffer.from(value.data as number[]).toString('base64');
  }
  return value;
}

const [file = '', rounds = '1000'] = process.argv.slice(2);
main(file, Number(rounds)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
