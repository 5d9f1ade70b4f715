import { interleave } from '../harness/interleave';
import { Ground } from '../harness/lab';
import { measuredRow } from '../harness/result';
import { compare, summarize } from '../harness/statistics';
import { builtIn } from '../peers';
import { policyAlone } from '../peers/ours';
import type { Bench } from './bench';
import { askHotPages, warmUp } from './hot-pages';

/** Until V8 has done with optimizing both: what is looked for is less than what it gains meanwhile. */
const WARM_UP_LONGER = 3;

/** What every request pays for the preload and the response policy, the cache aside: CPU time, which others on the machine hardly change. */
export const policy: Bench = {
  name: 'policy',
  title: 'Preload and response policy alone',
  measure: async (lab) => {
    const ground = await Ground.prepare(lab);
    const contenders = [await ground.start(policyAlone), await ground.start(builtIn)];
    await warmUp(ground, contenders, WARM_UP_LONGER);
    const [rounds, milliseconds] = lab.quick ? [6, 1500] : [24, 2000];
    const measured = await interleave(contenders, rounds, async ({ server, peer }, round) => {
      lab.say(`round ${round + 1} of ${rounds}, ${peer.title}`);
      return (await askHotPages(ground, server, milliseconds)).cpu;
    });
    const [own = [], other = []] = contenders.map((contender) => measured.get(contender) ?? []);
    return {
      rows: [
        measuredRow(
          "CPU a request of preload and policy over Next's own, against Next alone",
          'ratio',
          compare(own, other),
          {
            target: { most: 1.05 },
          },
        ),
        measuredRow("CPU a request, preload and policy over Next's own", 'ms', summarize(own)),
        measuredRow("CPU a request, Next's own alone", 'ms', summarize(other)),
      ],
      raw: { cpuMilliseconds: { policy: own, 'built-in': other } },
    };
  },
};
