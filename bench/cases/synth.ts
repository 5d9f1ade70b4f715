import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import { BENCH } from '../harness/app';
import { compare, summarize } from '../harness/statistics';
import { measuredRow } from '../harness/result';
import type { Bench } from './bench';
import { runScript } from './script';

const RESULT = path.join(BENCH, 'results/synth.json');

interface Synth {
  readonly measured: { readonly site: readonly number[]; readonly bare: readonly number[] };
  readonly allowed: number;
}

/** bench/synth.ts, which keeps its own result. */
export const synth: Bench = {
  name: 'synth',
  title: 'Synth of the default site',
  slow: true,
  measure: async (lab) => {
    const before = performance.timeOrigin + performance.now();
    await runScript(lab, 'synth.ts');
    if (statSync(RESULT).mtimeMs < before) throw new Error('bench synth: bench/synth.ts has written no result');
    const { measured, allowed } = JSON.parse(readFileSync(RESULT, 'utf8')) as Synth;
    return {
      rows: [
        measuredRow(
          'CPU of synth against a bare app of the same resources',
          'ratio',
          compare(measured.site, measured.bare),
          {
            target: { most: allowed },
          },
        ),
        measuredRow('CPU of synth', 'ms', summarize(measured.site)),
      ],
      raw: { measured },
    };
  },
};
