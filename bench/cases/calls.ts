import { Ground, type Contender } from '../harness/lab';
import type { Findings, Row } from '../harness/result';
import { rounded } from '../harness/statistics';
import { cdkNextjs, openNextLite, openNextNextMode, ours } from '../peers';
import type { Bench } from './bench';
import { hotPages, warmUp } from './hot-pages';

/** Counts need no more than pages that are cached. */
const WARM_UP_SHORTER = 0.25;

/** What of AWS requests for hot pages ask. Redis is no service of AWS: what it is asked is not billed by the call. */
export const calls: Bench = {
  name: 'calls',
  title: 'Calls of AWS for 1,000 hot pages',
  measure: async (lab): Promise<Findings> => {
    const ground = await Ground.prepare(lab);
    const found = new Map<string, Counted>();
    for (const peer of [ours, cdkNextjs, openNextLite, openNextNextMode]) {
      lab.say(peer.title);
      const contender = await ground.start(peer);
      await warmUp(ground, [contender], WARM_UP_SHORTER);
      found.set(peer.title, await count(ground, contender, lab.quick ? 3000 : 10_000));
      await contender.server.stop();
    }
    const bars = [...found].map(([name, counted]) => ({ name, value: perThousand(counted) }));
    return {
      rows: [...found].flatMap(([title, counted]) => rowsOf(title, counted)),
      plots: [{ kind: 'bars', title: 'Calls of AWS for 1,000 hot pages', unit: 'calls', bars }],
      raw: Object.fromEntries(found),
    };
  },
};

interface Counted {
  readonly requests: number;
  readonly seconds: number;
  readonly calls: number;
  readonly byOperation: Readonly<Record<string, number>>;
}

async function count(ground: Ground, { server, name }: Contender, milliseconds: number): Promise<Counted> {
  ground.stores.forgetCalls();
  const since = performance.now();
  const { answers: requests } = await ground.viewers.saturate(hotPages(server), milliseconds);
  const seconds = (performance.now() - since) / 1000;
  return { requests, seconds, calls: ground.stores.total(name), byOperation: ground.stores.callsOf(name) };
}

function perThousand({ calls: all, requests }: Counted): number {
  return rounded((all / requests) * 1000);
}

function rowsOf(title: string, counted: Counted): Row[] {
  const name = `calls of AWS for 1,000 hot pages, ${title}`;
  if (title !== ours.title) return [{ name, value: perThousand(counted), unit: 'count' }];
  const perSecond = Math.round(counted.requests / counted.seconds);
  return [
    {
      name,
      value: perThousand(counted),
      unit: 'count',
      target: { most: 1 },
      ...(perSecond < 1060 && {
        reason: `one read a second it is, and this server answered only ${perSecond} requests/s`,
      }),
    },
    {
      name: 'calls of AWS a second of any number of requests for hot pages, cdk-nextjs-ecs',
      // The first call may fall to the very beginning.
      value: rounded((counted.calls - 1) / counted.seconds),
      unit: 'count',
      // One in a window of a second, begun up to 50 ms before its end (runtime/cache/mirror.ts).
      target: { most: 1.06 },
    },
  ];
}
