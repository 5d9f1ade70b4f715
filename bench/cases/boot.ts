import { statSync } from 'node:fs';
import path from 'node:path';

import { BENCH } from '../harness/app';
import { interleave } from '../harness/interleave';
import { Ground } from '../harness/lab';
import { measuredRow, type Row } from '../harness/result';
import { Scope } from '../harness/scope';
import { summarize } from '../harness/statistics';
import { builtIn, ours, type Peer } from '../peers';
import type { Bench } from './bench';

/** The bundle that a task loads. */
const PRELOAD = path.join(BENCH, '../assets/preload.mjs');
const MOST_KB = 550;

interface Start {
  readonly ready: number;
  readonly first: number;
  /** Both together: comparable, whenever a server calls itself ready. */
  readonly answered: number;
  readonly cpu: number;
  readonly reads: number;
}

/** From the start of a process to its first answer, which is a prerendered page's. */
export const boot: Bench = {
  name: 'boot',
  title: 'Start, and the first answer of a fresh replica',
  measure: async (lab) => {
    const ground = await Ground.prepare(lab);
    const starts = new Map<Peer, Start[]>([
      [ours, []],
      [builtIn, []],
    ]);
    const rounds = lab.quick ? 5 : 21;
    await interleave([...starts.keys()], rounds, async (peer, round) => {
      lab.say(`round ${round + 1} of ${rounds}, ${peer.title}`);
      const found = await startOnce(ground, peer);
      starts.get(peer)?.push(found);
      return found.ready;
    });
    const [own = [], other = []] = [starts.get(ours), starts.get(builtIn)];
    return { rows: rowsOf(own, other), raw: { ours: own, 'built-in': other } };
  },
};

function startOnce(ground: Ground, peer: Peer): Promise<Start> {
  return Scope.run(async (scope) => {
    const { server, name } = await ground.start(peer, { scope });
    const { cpu, readyAfter: ready } = server;
    const { took: first } = await server.get('/');
    return { ready, first, answered: ready + first, cpu, reads: ground.stores.total(name, /^s3 /) };
  });
}

function rowsOf(own: readonly Start[], other: readonly Start[]): Row[] {
  const above = (part: keyof Start) =>
    summarize(own.map((each, round) => each[part] - (other[round]?.[part] ?? Number.NaN)));
  const of = (starts: readonly Start[], part: keyof Start) => summarize(starts.map((each) => each[part]));
  const kilobytes = Math.round(statSync(PRELOAD).size / 1024);
  return [
    measuredRow("from start to the first page's last byte, above Next's own", 'ms', above('answered'), {
      target: { most: 100 },
    }),
    measuredRow("ready, above Next's own", 'ms', above('ready'), {
      note: 'ours is when Next.js has loaded its parts; by itself Next.js loads them for the first page',
    }),
    measuredRow('ready, cdk-nextjs-ecs', 'ms', of(own, 'ready')),
    measuredRow("ready, Next's own", 'ms', of(other, 'ready')),
    measuredRow("CPU until ready, above Next's own", 'ms', above('cpu')),
    measuredRow("first answer of a prerendered page, above Next's own", 'ms', above('first'), { target: { most: 1 } }),
    measuredRow('first answer of a prerendered page, cdk-nextjs-ecs', 'ms', of(own, 'first')),
    measuredRow("first answer of a prerendered page, Next's own", 'ms', of(other, 'first')),
    {
      name: 'reads of S3 for the first answer of a prerendered page',
      value: Math.max(...own.map(({ reads }) => reads)),
      unit: 'count',
      target: { most: 0 },
    },
    { name: 'bundle that a task loads', value: kilobytes, unit: 'KB', target: { most: MOST_KB } },
  ];
}
