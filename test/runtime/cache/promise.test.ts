import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

import { Keeper } from '../../../runtime/cache/keeper';
import { Fleet, makeAppDirectory, PromiseBroken } from './simulation/fleet';
import { fairScenario, stormyScenario, type Scenario } from './simulation/scenario';

/** Runs of each property; the full depth is SIMULATION_RUNS=20000. A failure prints its seed, and SIMULATION_SEED repeats it. */
const RUNS = Number(process.env.SIMULATION_RUNS ?? 100);
const SEED = process.env.SIMULATION_SEED;
const TIMEOUT = 3_600_000;

describe('the promise, on three simulated replicas', () => {
  let appDirectory: string;

  beforeAll(() => {
    appDirectory = makeAppDirectory();
  });
  afterAll(() => {
    rmSync(appDirectory, { recursive: true });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const hold = (
    scenarios: fc.Arbitrary<Scenario>,
    strict: boolean,
    runs: number,
    endOnFailure = false,
  ): Promise<void> =>
    fc.assert(
      fc.asyncProperty(scenarios, (scenario) => new Fleet(scenario, appDirectory, strict).run()),
      { numRuns: runs, endOnFailure, ...(SEED === undefined ? {} : { seed: Number(SEED) }) },
    );

  it(
    'serves nothing older than the window, and the edge keeps nothing old',
    () => hold(fairScenario, true, RUNS),
    TIMEOUT,
  );

  it(
    'keeps nothing old at the edge and converges when stores refuse, hang and lose answers',
    () => hold(stormyScenario, false, RUNS),
    TIMEOUT,
  );

  it(
    'fails when clocks judge in place of versions',
    async () => {
      const entryOf = Object.getOwnPropertyDescriptor(Keeper.prototype, 'entryOf')?.value as Keeper['entryOf'];
      vi.spyOn(Keeper.prototype, 'entryOf').mockImplementation(function (this: Keeper, ...args) {
        const entry = entryOf.apply(this, args);
        // What most handlers do: an entry is older than a revalidation if it was stored before.
        return { ...entry, stamp: { versions: new Map(), horizon: entry.lastModified } };
      });
      const broken = await hold(fairScenario, true, 1000, true).catch((error: unknown) => error);
      expect(broken).toBeInstanceOf(Error);
      expect((broken as Error).cause).toBeInstanceOf(PromiseBroken);
    },
    TIMEOUT,
  );
});
