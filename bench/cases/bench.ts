import type { Lab } from '../harness/lab';
import type { Findings } from '../harness/result';

/** One benchmark: `npm run bench -- NAME`. */
export interface Bench {
  readonly name: string;
  /** What is measured, in a few words. */
  readonly title: string;
  /** Left out of a quick run, unless it is asked for by name. */
  readonly slow?: boolean;
  readonly measure: (lab: Lab) => Promise<Findings>;
}
