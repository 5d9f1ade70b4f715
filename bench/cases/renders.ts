import { setTimeout as delay } from 'node:timers/promises';

import { Ground, type Lab } from '../harness/lab';
import type { Row } from '../harness/result';
import { until } from '../harness/server';
import { Scope } from '../harness/scope';
import { median } from '../harness/statistics';
import { builtIn, ours, present, SHARED, type Peer } from '../peers';
import type { Bench } from './bench';

const REPLICAS = 8;
const PAGE = '/period/shared';
const KEY = 'period-shared';
/** The page's own, in milliseconds. */
const PERIOD = 4000;
/** For how long replicas are asked after a period has passed: until whoever wants to render has done so. */
const WAVE = 1500;
const PAUSE = 150;

/** How often a fleet renders a page whose period has passed, when all are asked for it. */
export const renders: Bench = {
  name: 'renders',
  title: `Renders of ${REPLICAS} replicas for one period of a page`,
  measure: async (lab) => {
    const peers = lab.quick ? [ours] : [ours, builtIn, ...present(SHARED, lab.say)];
    const raw: Record<string, readonly number[]> = {};
    const rows: Row[] = [];
    for (const peer of peers) {
      const waves = await Scope.run((scope) => wavesOf(lab, peer, scope));
      raw[peer.name] = waves;
      rows.push({
        name: `renders a period, ${peer.title}`,
        value: median(waves),
        unit: 'count',
        ...(peer === ours && { target: { most: 1 } }),
        ...(peer.name.startsWith('open-next') && {
          note: 'its own server hands regenerations to a queue, which is not part of this',
        }),
      });
    }
    const bars = rows.map(({ name, value }) => ({ name: name.replace('renders a period, ', ''), value }));
    return {
      rows,
      plots: [{ kind: 'bars', title: `Renders of ${REPLICAS} replicas a period`, unit: 'renders', bars }],
      raw,
    };
  },
};

async function wavesOf(lab: Lab, peer: Peer, scope: Scope): Promise<number[]> {
  const ground = await Ground.prepare({ ...lab, scope });
  lab.say(`${peer.title}: starting ${REPLICAS} replicas`);
  const replicas = [];
  for (let count = 0; count < REPLICAS; count += 1) replicas.push((await ground.start(peer)).server);
  for (const server of replicas) await server.get(PAGE);
  const waves: number[] = [];
  const rounds = lab.quick ? 2 : 5;
  for (let wave = 0; wave < rounds; wave += 1) {
    lab.say(`${peer.title}: period ${wave + 1} of ${rounds}`);
    const settled = performance.now();
    await until('the period has passed', () => performance.now() - settled > PERIOD + 300);
    const before = ground.origin.renders(KEY);
    const end = performance.now() + WAVE;
    await Promise.all(
      replicas.map(async (server) => {
        while (performance.now() < end) {
          await server.get(PAGE);
          await delay(PAUSE);
        }
      }),
    );
    waves.push(ground.origin.renders(KEY) - before);
  }
  return waves;
}
