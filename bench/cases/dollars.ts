import { setTimeout as delay } from 'node:timers/promises';

import { Ground, type Contender, type Lab } from '../harness/lab';
import { each, itemize, sumOf, type Item, type Share } from '../harness/prices';
import type { Findings, Row } from '../harness/result';
import { until } from '../harness/server';
import { rounded } from '../harness/statistics';
import type { Calls } from '../harness/stores';
import { cdkNextjs, openNextLite, openNextNextMode, ours } from '../peers';
import { prefill } from '../peers/prefill';
import type { Bench } from './bench';

/** A site of 10,000,000 requests a month, of which three in ten reach its two tasks. */
const MONTH = {
  atOrigin: 3_000_000,
  /** Of those: pages that have to be rendered, and the first visits of one task to what the other has rendered. */
  rendered: 300_000,
  revalidations: 10_000,
  entriesOfTag: 100,
  seconds: 30 * 86_400,
  tasks: 2,
};
/** Long enough for the calls that go behind an answer. */
const QUIET = 300;

/** What the calls of S3 and DynamoDB cost a month, counted one by one. What all have in common (tasks, balancer, edge) is left out. */
export const dollars: Bench = {
  name: 'dollars',
  title: 'Dollars a month for the stores of 10,000,000 requests',
  measure: async (lab) => {
    const items = new Map<string, readonly Item[]>();
    const raw: Record<string, unknown> = {};
    for (const peer of [ours, cdkNextjs, openNextLite, openNextNextMode]) {
      lab.say(peer.title);
      const ground = await Ground.prepare(lab);
      const contender = await ground.start(peer);
      const shares = await sharesOf(lab, ground, contender);
      await contender.server.stop();
      items.set(peer.title, itemize(shares));
      raw[peer.name] = shares;
    }
    return findingsOf(items, raw);
  },
};

async function sharesOf(lab: Lab, ground: Ground, contender: Contender): Promise<readonly Share[]> {
  const { server } = contender;
  await server.warm('/posts/hot');
  const times = lab.quick ? 5 : 30;
  const hot = await callsOf(ground, contender, times, () => server.get('/posts/hot'));
  let page = 0;
  const rendered = await callsOf(ground, contender, times, () => server.get(`/posts/new-${(page += 1)}`));
  await prefill(contender.peer, ground, 'monthly', MONTH.entriesOfTag);
  const revalidated = await callsOf(ground, contender, 1, () => server.revalidate('monthly'));
  const isOurs = contender.peer === ours;
  return [
    ...(isOurs ? [mirrorShare()] : [{ name: 'hot pages', times: MONTH.atOrigin - MONTH.rendered, calls: hot }]),
    { name: 'rendered pages', times: MONTH.rendered, calls: isOurs ? withoutMirror(rendered) : rendered },
    { name: 'revalidations', times: MONTH.revalidations, calls: isOurs ? withoutMirror(revalidated) : revalidated },
  ];
}

/** A task reads what has changed once in each second in which it is asked at all: with requests at random, so many. */
function mirrorShare(): Share {
  const perSecond = MONTH.atOrigin / MONTH.seconds / MONTH.tasks;
  const times = Math.round(MONTH.tasks * MONTH.seconds * (1 - Math.exp(-perSecond)));
  return { name: 'hot pages', times, calls: { 'dynamodb Query': 1 } };
}

function withoutMirror(calls: Calls): Calls {
  return Object.fromEntries(Object.entries(calls).filter(([call]) => call !== 'dynamodb Query'));
}

async function callsOf(
  { stores }: Ground,
  { name }: Contender,
  times: number,
  work: () => Promise<unknown>,
): Promise<Calls> {
  stores.forgetCalls();
  for (let time = 0; time < times; time += 1) await work();
  let before = -1;
  await until('no call follows', async () => {
    const total = stores.total(name);
    const isQuiet = total === before;
    before = total;
    if (!isQuiet) await delay(QUIET);
    return isQuiet;
  });
  return each(stores.callsOf(name), times);
}

function findingsOf(items: ReadonlyMap<string, readonly Item[]>, raw: unknown): Findings {
  const own = sumOf(items.get(ours.title) ?? []);
  const rows = [...items].flatMap(([title, parts]): Row[] => [
    {
      name: `dollars a month, ${title}`,
      value: rounded(sumOf(parts)),
      unit: '$',
      note: parts.map(({ name, dollars }) => `${name} $${dollars.toFixed(2)}`).join(', '),
    },
    ...(title === ours.title
      ? []
      : [
          {
            name: `dollars against ${title}`,
            value: rounded(own / sumOf(parts)),
            unit: 'ratio' as const,
            target: { most: 1 },
          },
        ]),
  ]);
  const bars = [...items].map(([name, parts]) => ({ name, value: rounded(sumOf(parts)) }));
  return {
    rows,
    plots: [{ kind: 'bars', title: 'Stores of 10,000,000 requests', unit: '$ a month', bars }],
    raw: { month: MONTH, shares: raw },
  };
}
