import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll } from 'vitest';

import { Fleet, type FleetOptions } from './fleet';
import { PromiseBroken } from './reference';
import type { Scenario } from './scenario';
import { makeAppDirectory } from './world';

/** Runs of a property: 20,000 are the full depth. */
export const RUNS = Number(process.env.SIMULATION_RUNS ?? (process.env.CI === undefined ? 500 : 2000));
/** For as many runs as anybody asks for. */
export const TIMEOUT = 7_200_000;

interface PropertyOptions extends Omit<FleetOptions, 'appDirectory'> {
  readonly runs: number;
  /** Scenarios that once broke the promise. */
  readonly examples?: readonly Scenario[];
  /** Of runs in CI, so that what is judged there is the change; elsewhere each run has a seed of its own. */
  readonly ciSeed?: number;
}

/** Holds scenarios against the promise. */
export class PromiseProperty {
  private appDirectory = '';

  /** To be made within a `describe`, whose tests share an app's folder. */
  constructor() {
    beforeAll(() => {
      this.appDirectory = makeAppDirectory();
    });
    afterAll(() => {
      rmSync(this.appDirectory, { recursive: true });
    });
  }

  /** Every scenario keeps the promise. Prints the seed; a failure shrinks to a scenario that can be made an example. */
  async hold(
    name: string,
    scenarios: fc.Arbitrary<Scenario>,
    { runs, examples = [], ciSeed, ...fleet }: PropertyOptions,
  ) {
    const inCi = process.env.CI === undefined ? undefined : ciSeed;
    const seed = Number(process.env.SIMULATION_SEED ?? inCi ?? randomInt(2 ** 31));
    const startedAt = performance.now();
    // Before as well: whoever interrupts a run may want to repeat it.
    console.log(`promise, ${name}: SIMULATION_SEED=${String(seed)}`);
    await fc.assert(this.property(scenarios, fleet), {
      seed,
      numRuns: runs + examples.length,
      examples: examples.map((scenario) => [scenario]),
    });
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`promise, ${name}: ${String(runs)} runs in ${seconds} s`);
  }

  /** How the promise is broken by the first scenario that does; nothing where none does. */
  async findBroken(
    scenarios: fc.Arbitrary<Scenario>,
    { runs, ...fleet }: PropertyOptions,
  ): Promise<PromiseBroken | undefined> {
    const details = await fc.check(this.property(scenarios, fleet), { numRuns: runs, endOnFailure: true });
    const { errorInstance } = details;
    if (errorInstance === null || errorInstance instanceof PromiseBroken) return errorInstance ?? undefined;
    throw new Error('simulation: a run failed, though not of a broken promise', { cause: errorInstance });
  }

  private property(scenarios: fc.Arbitrary<Scenario>, fleet: Omit<FleetOptions, 'appDirectory'>) {
    return fc.asyncProperty(scenarios, async (scenario) => {
      await new Fleet(scenario, { ...fleet, appDirectory: this.appDirectory }).run();
      // A run never waits for anything real, and the test runner wants to hear of this process now and then.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    });
  }
}
