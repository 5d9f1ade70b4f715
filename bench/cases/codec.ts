import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { serialize } from 'node:v8';

import { decodeEntry } from '../../runtime/cache/entry-codec';
import { BENCH, temporaryFolder } from '../harness/app';
import { Ground } from '../harness/lab';
import { measuredRow } from '../harness/result';
import { until } from '../harness/server';
import { rounded, summarize } from '../harness/statistics';
import { BUCKET } from '../harness/stores';
import { ours } from '../peers';
import type { Bench } from './bench';
import type { CodecTimes } from './codec-worker';

const KEY_IN_HEAD = /"key":("(?:[^"\\]|\\.)*")/;

const REASON =
  'deflating is nearly all of it, in a thread of its own and behind the answer; storing pages as they are would miss the other target';

/** Packing and unpacking of a page as Next.js has rendered it: its HTML with the payload inside, and the payload beside. */
export const codec: Bench = {
  name: 'codec',
  title: 'Encoding and decoding a page of 100 KB',
  measure: async (lab) => {
    const ground = await Ground.prepare(lab);
    const { server } = await ground.start(ours);
    const { body } = await server.get('/list/products');
    const isPage = (key: string): boolean => key.includes('/response/');
    await until('the page is written', () => ground.stores.s3.keys(BUCKET).some(isPage));
    const object = ground.stores.s3.tryGetObject(BUCKET, ground.stores.s3.keys(BUCKET).find(isPage) ?? '');
    if (object === undefined) throw new Error('bench codec: the page is not in S3');
    const entry = await decode(object.body);
    const file = path.join(temporaryFolder(lab.scope), 'entry');
    writeFileSync(file, serialize(entry));
    lab.say(`Node.js ${lab.node.version}: a page of ${Math.round(body.length / 1024)} KB`);
    const times = timesOn(lab.node.executable, file, lab.quick ? 300 : 2000);
    const json = Buffer.byteLength(JSON.stringify(entry.value, jsonForm));
    return {
      rows: [
        { ...measuredRow('encode and decode', 'ms', summarize(times.both)), target: { most: 0.5 }, reason: REASON },
        measuredRow('encode', 'ms', summarize(times.encode)),
        measuredRow('deflating and inflating of the same bytes alone', 'ms', summarize(times.zlib)),
        measuredRow('decode', 'ms', summarize(times.decode)),
        {
          name: 'bytes stored, against JSON',
          value: rounded(object.body.length / json),
          unit: 'ratio',
          target: { most: 0.3 },
        },
        { name: 'HTML of the page', value: rounded(body.length / 1024), unit: 'KB' },
        { name: 'the entry as JSON, buffers in base64', value: rounded(json / 1024), unit: 'KB' },
        { name: 'the entry as it is stored', value: rounded(object.body.length / 1024), unit: 'KB' },
      ],
      raw: { encode: summarize(times.encode), decode: summarize(times.decode), rounds: times.both.length },
    };
  },
};

/** The entry of an object whose key is not known. */
async function decode(body: Buffer): Promise<NonNullable<Awaited<ReturnType<typeof decodeEntry>>>> {
  const { inflateRawSync } = await import('node:zlib');
  const rest = body.subarray(21);
  const plain = (body[4] === 1 ? inflateRawSync(rest) : rest).toString('utf8');
  const key = JSON.parse(KEY_IN_HEAD.exec(plain)?.[1] ?? '""') as string;
  const entry = await decodeEntry(body, 'response', key);
  if (entry === undefined) throw new Error('bench codec: the stored object is not an entry');
  return entry;
}

function timesOn(executable: string, file: string, rounds: number): CodecTimes {
  const worker = path.join(import.meta.dirname, 'codec-worker.ts');
  const { status, stdout, stderr } = spawnSync(executable, ['--import', 'tsx', worker, file, String(rounds)], {
    cwd: path.dirname(BENCH),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`bench codec: ${stderr}`);
  return JSON.parse(stdout) as CodecTimes;
}

/** What handlers that write JSON make of an entry: buffers in base64, maps as objects. */
function jsonForm(_name: string, value: unknown): unknown {
  if (value instanceof Map) return Object.fromEntries(value);
  if (typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value) {
    return Buffer.from(value.data as number[]).toString('base64');
  }
  return value;
}
