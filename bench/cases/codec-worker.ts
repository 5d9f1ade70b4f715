/** Encodes and decodes an entry in a process of its own: `codec-worker.ts FILE ROUNDS`. */
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

import type { Entry } from '../../runtime/cache/entry';
import { decodeEntry, encodeEntry } from '../../runtime/cache/entry-codec';

/** Milliseconds, by round. */
export interface CodecTimes {
  readonly encode: readonly number[];
  readonly decode: readonly number[];
  readonly both: readonly number[];
  /** Deflating and inflating alone, of the same bytes. */
  readonly zlib: readonly number[];
}

const WARM_UP = 200;

async function main(file: string, rounds: number): Promise<void> {
  const entry = restored(deserialize(readFileSync(file)) as Entry);
  const times = { encode: [] as number[], decode: [] as number[], both: [] as number[], zlib: [] as number[] };
  const plain = await inflated(entry);
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const start = performance.now();
    const object = await encodeEntry(entry);
    const encoded = performance.now();
    if ((await decodeEntry(object, entry.group, entry.key)) === undefined) throw new Error('not decodable');
    const decoded = performance.now();
    if (round < 0) continue;
    times.encode.push(encoded - start);
    times.decode.push(decoded - encoded);
    times.both.push(decoded - start);
    const before = performance.now();
    inflateRawSync(deflateRawSync(plain, { level: constants.Z_BEST_SPEED }));
    times.zlib.push(performance.now() - before);
  }
  console.log(JSON.stringify(times));
}

/** What of an entry is deflated: entry-codec.ts. */
async function inflated(entry: Entry): Promise<Buffer> {
  return inflateRawSync((await encodeEntry(entry)).subarray(21));
}

/** Structured cloning makes plain bytes of buffers. */
function restored(entry: Entry): Entry {
  const value = Object.entries(entry.value ?? {}).map(([name, part]) => [name, buffersIn(part)]);
  return { ...entry, value: Object.fromEntries(value) as Entry['value'] };
}

function buffersIn(part: unknown): unknown {
  if (part instanceof Uint8Array) return Buffer.from(part);
  if (part instanceof Map) return new Map([...part].map(([name, item]) => [name, buffersIn(item)]));
  return part;
}

const [file = '', rounds = '1000'] = process.argv.slice(2);
main(file, Number(rounds)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
