import { interleave } from '../harness/interleave';
import { Ground } from '../harness/lab';
import { measuredRow } from '../harness/result';
import { compare, quantile, summarize } from '../harness/statistics';
import { builtIn, ours } from '../peers';
import type { Bench } from './bench';
import { askHotPages, paceHotPages, warmUp } from './hot-pages';

const SHARE = 0.7;
/** Of the 99th percentile of Next's own handler. */
const MOST = 1.15;
const UNDECIDED =
  'the quartiles lie on both sides: how often V8 collects the old generation differs from process to process, with either handler';
/** Until V8 has done with optimizing: while it has not, its pauses are what the slowest hundredth waits for. */
const WARM_UP_LONGER = 3;

/** How long the slowest hundredth waits while the server has something left. */
export const tail: Bench = {
  name: 'tail',
  title: 'The 99th percentile at 70 % load',
  // The slowest hundredth of a short run is a handful of answers: two quick runs of the same differ by half.
  slow: true,
  measure: async (lab) => {
    const ground = await Ground.prepare(lab);
    const contenders = [await ground.start(ours), await ground.start(builtIn)];
    await warmUp(ground, contenders, WARM_UP_LONGER);
    // The same load for both: what the slower one bears.
    let most = Number.POSITIVE_INFINITY;
    for (const { server } of contenders) most = Math.min(most, (await askHotPages(ground, server, 4000)).perSecond);
    const perSecond = most * SHARE;
    const [rounds, milliseconds] = lab.quick ? [4, 1500] : [16, 4000];
    const p50 = new Map<string, number[]>();
    const measured = await interleave(contenders, rounds, async ({ server, peer }, round) => {
      lab.say(`round ${round + 1} of ${rounds}, ${peer.title} at ${Math.round(perSecond)} requests/s`);
      const took = await paceHotPages(ground, server, perSecond, milliseconds);
      p50.set(peer.name, [...(p50.get(peer.name) ?? []), quantile(took, 0.5)]);
      return quantile(took, 0.99);
    });
    const [own = [], other = []] = contenders.map((contender) => measured.get(contender) ?? []);
    const ratio = compare(own, other);
    return {
      rows: [
        measuredRow("p99 at 70 % load against Next's own", 'ratio', ratio, {
          target: { most: MOST },
          ...(ratio.low <= MOST && MOST <= ratio.high && { reason: UNDECIDED }),
        }),
        measuredRow('p99 at 70 % load, cdk-nextjs-ecs', 'ms', summarize(own)),
        measuredRow("p99 at 70 % load, Next's own", 'ms', summarize(other)),
      ],
      raw: { perSecond, p99: { ours: own, 'built-in': other }, p50: Object.fromEntries(p50) },
    };
  },
};
