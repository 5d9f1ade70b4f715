import { setTimeout as delay } from 'node:timers/promises';

import { Environment } from '../../contract';
import { Ground, type Lab } from '../harness/lab';
import { measuredRow, type Row } from '../harness/result';
import { Scope } from '../harness/scope';
import type { BenchServer } from '../harness/server';
import { summarize } from '../harness/statistics';
import { ours } from '../peers';
import type { Bench } from './bench';

const REPLICAS = 8;
const WINDOW = 1000;
const PAGE = '/posts/seen';
const TAG = 'post:seen';
const PAUSE = 10;
const WATCHED = WINDOW + 1000;

/** How long after a revalidation has returned the last of eight replicas is asked in vain. */
export const propagation: Bench = {
  name: 'propagation',
  title: `A revalidation, until the last of ${REPLICAS} replicas has seen it`,
  measure: async (lab) => {
    const lasting = await Scope.run((scope) => lastOld(lab, scope, lab.quick ? 3 : 12));
    const old = await Scope.run((scope) => oldWithoutWindow(lab, scope, lab.quick ? 3 : 20));
    const last: Row = {
      ...measuredRow(`last request answered with old content, window ${WINDOW} ms`, 'ms', summarize(lasting)),
      value: Math.max(...lasting),
      target: { most: WINDOW + 50 },
      note: `the longest of ${lasting.length}`,
    };
    return {
      rows: [last, { name: 'old answers with a window of 0', value: old, unit: 'count', target: { most: 0 } }],
      raw: { milliseconds: lasting },
    };
  },
};

async function fleet(lab: Lab, scope: Scope, window: number): Promise<readonly BenchServer[]> {
  lab.say(`starting ${REPLICAS} replicas with a window of ${window} ms`);
  const ground = await Ground.prepare({ ...lab, scope });
  const replicas: BenchServer[] = [];
  for (let count = 0; count < REPLICAS; count += 1) {
    const { server } = await ground.start(ours, { environment: { [Environment.CACHE_WINDOW]: String(window) } });
    replicas.push(server);
  }
  return replicas;
}

/** Milliseconds after the return of each revalidation at which the last request began that was answered with the old page. */
async function lastOld(lab: Lab, scope: Scope, rounds: number): Promise<number[]> {
  const replicas = await fleet(lab, scope, WINDOW);
  const found: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    lab.say(`revalidation ${round + 1} of ${rounds}`);
    const version = await settled(replicas);
    let returned = Number.POSITIVE_INFINITY;
    let last = 0;
    const watching = replicas.map(async (server) => {
      while (performance.now() < returned + WATCHED) {
        const asked = performance.now();
        if (versionOf(await server.get(PAGE)) === version) last = Math.max(last, asked - returned);
        await delay(PAUSE);
      }
    });
    await replicas[round % REPLICAS]?.revalidate(TAG);
    returned = performance.now();
    await Promise.all(watching);
    found.push(last);
  }
  return found;
}

/** How many of the requests that began after a revalidation had returned were answered with the old page. */
async function oldWithoutWindow(lab: Lab, scope: Scope, rounds: number): Promise<number> {
  const replicas = await fleet(lab, scope, 0);
  let old = 0;
  for (let round = 0; round < rounds; round += 1) {
    const version = await settled(replicas);
    await replicas[round % REPLICAS]?.revalidate(TAG);
    const answers = await Promise.all(replicas.map((server) => server.get(PAGE)));
    old += answers.filter((answer) => versionOf(answer) === version).length;
  }
  return old;
}

/** The version that all replicas serve. */
async function settled(replicas: readonly BenchServer[]): Promise<string> {
  for (;;) {
    const versions = new Set<string>();
    for (const server of replicas) versions.add(versionOf(await server.get(PAGE)));
    const [version] = versions;
    if (versions.size === 1 && version !== undefined) return version;
  }
}

function versionOf({ body }: { readonly body: string }): string {
  return /data-version="(\d+)"/.exec(body)?.[1] ?? '';
}
