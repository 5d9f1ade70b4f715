import { spawnSync } from 'node:child_process';
import path from 'node:path';

import { BENCH } from '../harness/app';
import type { Bench } from './bench';
import { median, rounded } from '../harness/statistics';
import type { Day } from './traffic-worker';

/** A day of requests that prefer some pages (Zipf), many more of them than fit into memory. */
export const traffic: Bench = {
  name: 'traffic',
  title: 'A day of traffic over 1,000,000 pages, 64 MiB of memory',
  measure: (lab) => {
    const requests = lab.quick ? 300_000 : 3_000_000;
    lab.say(`${requests.toLocaleString('en-US')} requests`);
    const worker = path.join(import.meta.dirname, 'traffic-worker.ts');
    const args = ['--expose-gc', '--import', 'tsx', worker, String(requests)];
    const options = { cwd: path.dirname(BENCH), encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
    const { status, stdout, stderr } = spawnSync(lab.node.executable, args, options);
    if (status !== 0) throw new Error(`bench traffic: ${stderr}`);
    const day = JSON.parse(stdout) as Day;
    const { layer, ideal, bound, most, heap } = day;
    // Buffers are given back a while after their entries: a median has neither.
    const quarter = Math.floor(heap.length / 4);
    const [early, late] = [median(heap.slice(quarter, 2 * quarter)), median(heap.slice(-quarter))];
    return Promise.resolve({
      rows: [
        {
          name: 'hits, against an ideal LRU of as many bytes',
          value: rounded(layer / ideal),
          unit: 'ratio',
          target: { least: 0.98 },
          reason: 'an entry counts some 1 KB of its own beside its content, as it takes; the ideal keeps content alone',
        },
        { name: 'hits of all requests, memory layer', value: rounded(layer * 100), unit: '%' },
        { name: 'hits of all requests, ideal LRU', value: rounded(ideal * 100), unit: '%' },
        {
          name: 'most that the layer says it holds, against its bound',
          value: rounded(most / bound),
          unit: 'ratio',
          target: { most: 1 },
        },
        {
          name: 'memory in use against the bound, at the end',
          value: rounded(late / bound),
          unit: 'ratio',
          target: { most: 1 },
        },
        {
          name: 'memory in use in the last quarter, against the second',
          value: rounded(late / early),
          unit: 'ratio',
          target: { most: 1.05 },
        },
        { name: 'memory in use at the end', value: rounded(late / 2 ** 20), unit: 'MiB' },
      ],
      plots: [
        {
          kind: 'lines',
          title: 'Memory in use over a day of traffic',
          x: 'requests',
          y: 'MiB',
          logarithmic: false,
          lines: [
            {
              name: 'in use',
              points: heap.map((bytes, index) => [((index + 1) * requests) / heap.length, bytes / 2 ** 20] as const),
            },
            { name: 'bound', points: [[0, bound / 2 ** 20] as const, [requests, bound / 2 ** 20] as const] },
          ],
        },
      ],
      raw: day,
    });
  },
};
