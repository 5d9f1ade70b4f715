import type { Contender, Lab } from '../harness/lab';
import { Ground, nodesOf } from '../harness/lab';
import { interleave } from '../harness/interleave';
import { measuredRow, type Bars, type Findings, type Row } from '../harness/result';
import { compare, median, summarize } from '../harness/statistics';
import { builtIn, cdkNextjs, openNextLite, openNextNextMode, ours, present, redis, SHARED, type Peer } from '../peers';
import type { NodeRuntime } from '../harness/machine';
import { numberText } from '../report/table';
import type { Bench } from './bench';
import { askHotPages, warmUp } from './hot-pages';

/** How much of what Next's own handler answers a handler that shares what it keeps has to answer. */
const SHARE_OF_LIMIT = 0.95;

/** How many times the requests a second of a peer ours has to take. */
const TARGETS = new Map<Peer, number>([
  [builtIn, SHARE_OF_LIMIT],
  [cdkNextjs, 5],
  [openNextLite, 5],
  [openNextNextMode, 5],
  [redis, 2],
]);

/** On the Node.js that has no target. */
const WARM_UP_SHORTER = 0.5;

export const hot: Bench = {
  name: 'hot',
  title: 'Hot cached pages of 9 KB',
  measure: async (lab) => {
    const findings: Findings[] = [];
    for (const node of lab.quick ? [lab.node] : nodesOf(lab)) findings.push(await onNode(lab, node));
    return {
      rows: findings.flatMap(({ rows }) => rows),
      plots: findings.flatMap(({ plots = [] }) => plots),
      raw: findings.map(({ raw }) => raw),
    };
  },
};

async function onNode(lab: Lab, node: NodeRuntime): Promise<Findings> {
  const ground = await Ground.prepare(lab);
  const isReference = node.version === lab.node.version;
  const peers = [ours, builtIn, ...present(SHARED, lab.say)];
  const contenders: Contender[] = [];
  for (const peer of peers) contenders.push(await ground.start(peer, { node }));
  lab.say(`Node.js ${node.version}: warming up`);
  await warmUp(ground, contenders, isReference ? 1 : WARM_UP_SHORTER);

  const rates = new Map<Contender, number[]>();
  const rounds = isReference && !lab.quick ? 8 : 3;
  const milliseconds = lab.quick ? 1500 : 3000;
  const cpu = await interleave(contenders, rounds, async (contender, round) => {
    lab.say(`Node.js ${node.version}: round ${round + 1} of ${rounds}, ${contender.peer.title}`);
    const { perSecond, cpu: each } = await askHotPages(ground, contender.server, milliseconds);
    rates.set(contender, [...(rates.get(contender) ?? []), perSecond]);
    return each;
  });
  for (const { server } of contenders) await server.stop();
  return findingsOf(contenders, rates, cpu, node, isReference);
}

function findingsOf(
  contenders: readonly Contender[],
  rates: ReadonlyMap<Contender, readonly number[]>,
  cpu: ReadonlyMap<Contender, readonly number[]>,
  { version }: NodeRuntime,
  isReference: boolean,
): Findings {
  const [own, limit] = contenders;
  if (own === undefined || limit === undefined) throw new Error('bench hot: nobody was measured');
  const of = (contender: Contender): readonly number[] => rates.get(contender) ?? [];
  const rows: Row[] = contenders.flatMap((contender) => {
    const { title } = contender.peer;
    const least = TARGETS.get(contender.peer);
    return [
      ...(least === undefined
        ? []
        : [
            measuredRow(`requests/s against ${title}, Node.js ${version}`, 'ratio', compare(of(own), of(contender)), {
              ...(isReference && { target: { least } }),
              ...(contender === limit
                ? nearTheLimit(compare(of(own), of(limit)).median)
                : limitedBy(of(limit), of(contender), least)),
            }),
          ]),
      measuredRow(`requests/s, ${title}, Node.js ${version}`, 'requests/s', summarize(of(contender))),
      measuredRow(`CPU a request, ${title}, Node.js ${version}`, 'ms', summarize(cpu.get(contender) ?? [])),
    ];
  });
  const bars: Bars = {
    kind: 'bars',
    title: `Hot pages of 9 KB, Node.js ${version}`,
    unit: 'requests/s',
    bars: contenders.map((contender) => ({ name: contender.peer.title, value: median(of(contender)) })),
  };
  const raw = contenders.map((contender) => ({
    peer: contender.peer.name,
    node: version,
    requestsPerSecond: of(contender),
    cpuMilliseconds: cpu.get(contender),
  }));
  return { rows, plots: [bars], raw };
}

/** Why a target is out of reach: nothing behind `next start` answers more than Next's own handler, which shares nothing. */
function limitedBy(limit: readonly number[], peer: readonly number[], least: number): Pick<Row, 'reason'> {
  const most = compare(limit, peer).median;
  return most * SHARE_OF_LIMIT < least && least > 1
    ? { reason: `Next's own handler, the limit, reaches ${numberText(most)} × here` }
    : {};
}

/** Next's own handler is a look-up in a map. Below this share something else is wrong. */
const NEAR = 0.8;

function nearTheLimit(share: number): Pick<Row, 'reason'> {
  return share >= NEAR ? { reason: 'what is left is the judgement of the tags, for an entry that others share' } : {};
}
