import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { BENCH, temporaryFolder } from '../harness/app';
import { Ground } from '../harness/lab';
import { measuredRow } from '../harness/result';
import { until } from '../harness/server';
import { rounded, summarize } from '../harness/statistics';
import { BUCKET } from '../harness/stores';
import { ours } from '../peers';
import type { Bench } from './bench';
import type { CodecTimes } from './codec-worker';

const REASON =
  'compressing and decompressing alone take as long, by the fastest way that Node.js has; uncompressed the entry would be too large; encoding happens behind the answer';

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
    const file = path.join(temporaryFolder(lab.scope), 'entry');
    writeFileSync(file, object.body);
    lab.say(`Node.js ${lab.node.version}: a page of ${Math.round(body.length / 1024)} KB`);
    const times = timesOn(lab.node.executable, file, lab.quick ? 300 : 2000);
    const { json, plain } = times;
    return {
      rows: [
        { ...measuredRow('encode and decode', 'ms', summarize(times.both)), target: { most: 0.5 }, reason: REASON },
        measuredRow('encode', 'ms', summarize(times.encode)),
        measuredRow('compressing and decompressing of the same bytes alone', 'ms', summarize(times.compression)),
        measuredRow('decode', 'ms', summarize(times.decode)),
        {
          name: 'bytes stored, against JSON',
          value: rounded(object.body.length / json),
          unit: 'ratio',
          target: { most: 0.3 },
        },
        { name: 'bytes uncompressed, against JSON', value: rounded(plain / json), unit: 'ratio' },
        { name: 'HTML of the page', value: rounded(body.length / 1024), unit: 'KB' },
        { name: 'the entry as JSON, buffers in base64', value: rounded(json / 1024), unit: 'KB' },
        { name: 'the entry as it is stored', value: rounded(object.body.length / 1024), unit: 'KB' },
      ],
      raw: { encode: summarize(times.encode), decode: summarize(times.decode), rounds: times.both.length },
    };
  },
};

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
