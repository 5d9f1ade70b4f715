import { Ground, type Contender, type Lab } from '../harness/lab';
import type { Findings, Lines, Row } from '../harness/result';
import { rounded } from '../harness/statistics';
import { until } from '../harness/server';
import { ours, present, SHARED, type Peer } from '../peers';
import { prefill } from '../peers/prefill';
import type { Bench } from './bench';

/** After so many milliseconds without another call, and without work for the server, a revalidation is over. */
const QUIET = 2000;
/** Milliseconds of CPU that a server with nothing to do may take meanwhile. */
const IDLE = 100;

interface Point {
  readonly entries: number;
  /** Until the request for the revalidation was answered, and until its last call of the store. */
  readonly answered: number;
  readonly over: number;
  readonly calls: number;
}

/** What a revalidation costs, by the number of entries that carry the tag. */
export const revalidate: Bench = {
  name: 'revalidate',
  title: 'revalidateTag over many entries',
  measure: async (lab) => {
    const sizes = lab.quick ? [1, 1000] : [1, 1000, 100_000];
    const curves = new Map<Peer, readonly Point[]>();
    for (const peer of [ours, ...present(SHARED, lab.say)]) curves.set(peer, await curveOf(lab, peer, sizes));
    return findingsOf(curves);
  },
};

async function curveOf(lab: Lab, peer: Peer, sizes: readonly number[]): Promise<readonly Point[]> {
  const ground = await Ground.prepare(lab);
  const contender = await ground.start(peer);
  await contender.server.get('/posts/any');
  await contender.server.revalidate('warm-up');
  const points: Point[] = [];
  for (const entries of sizes) {
    const tag = `tag-of-${entries}`;
    lab.say(`${peer.title}: ${entries} entries`);
    await prefill(peer, ground, tag, entries);
    points.push(await revalidateOnce(ground, contender, tag, entries));
  }
  await contender.server.stop();
  return points;
}

async function revalidateOnce(
  ground: Ground,
  { server, name }: Contender,
  tag: string,
  entries: number,
): Promise<Point> {
  const { stores } = ground;
  stores.forgetCalls();
  const since = performance.now();
  let lastCall = since;
  let lastWork = { at: since, cpu: server.cpu };
  let calls = 0;
  let answered = 0;
  const revalidated = server.revalidate(tag).then(() => {
    answered = performance.now() - since;
  });
  await until('the revalidation is over', () => {
    const [now, total] = [performance.now(), stores.total(name)];
    if (total !== calls) lastCall = now;
    calls = total;
    // Thousands of calls take seconds to prepare before the first of them is made.
    if (server.cpu - lastWork.cpu > IDLE) lastWork = { at: now, cpu: server.cpu };
    return answered > 0 && now - Math.max(lastCall, lastWork.at) > QUIET;
  });
  await revalidated;
  return { entries, answered: rounded(answered), over: rounded(Math.max(answered, lastCall - since)), calls };
}

function findingsOf(curves: ReadonlyMap<Peer, readonly Point[]>): Findings {
  const rows: Row[] = [...curves].flatMap(([peer, points]) =>
    points.flatMap((point) => [
      ...(peer.name === 'redis'
        ? []
        : [
            {
              name: `calls of AWS to revalidate ${point.entries.toLocaleString('en-US')} entries, ${peer.title}`,
              value: point.calls,
              unit: 'count' as const,
              // Another read of the rows that changed may fall into the time: the mirror's, once a window.
              ...(peer === ours && { target: { most: 1 } }),
            },
          ]),
      {
        name: `time to revalidate ${point.entries.toLocaleString('en-US')} entries, ${peer.title}`,
        value: point.over,
        unit: 'ms' as const,
      },
    ]),
  );
  const plot: Lines = {
    kind: 'lines',
    title: 'revalidateTag, by the number of entries',
    x: 'entries',
    y: 'ms',
    logarithmic: true,
    lines: [...curves].map(([peer, points]) => ({
      name: peer.title,
      points: points.map(({ entries, over }) => [entries, over] as const),
    })),
  };
  const raw = Object.fromEntries([...curves].map(([peer, points]) => [peer.name, points]));
  return { rows, plots: [plot], raw };
}
