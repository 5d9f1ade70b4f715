import { afterEach, describe, expect, it, vi } from 'vitest';

import { Keeper } from '../../../runtime/cache/keeper';
import { Mirror } from '../../../runtime/cache/mirror';
import { PromiseProperty, RUNS, TIMEOUT } from './simulation/property';
import { fairScenario, stormyScenario } from './simulation/scenario';
import { ONCE_BROKEN } from './simulation/once-broken';

/** More than it takes to find a counterexample where there is one. */
const CONTROL_RUNS = 2000;

describe('the promise, on three simulated replicas whose stores answer', () => {
  const promise = new PromiseProperty();

  afterEach(() => {
    vi.restoreAllMocks();
  });

  it(
    'serves nothing older than the window, and the edge keeps nothing old',
    () => promise.hold('fair', fairScenario, { strict: true, runs: RUNS, examples: ONCE_BROKEN, ciSeed: 20_261_122 }),
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
      expect(await promise.findBroken(fairScenario, { strict: true, runs: CONTROL_RUNS })).toBeDefined();
    },
    TIMEOUT,
  );

  it(
    'fails when what is set on demand writes no row of its own',
    async () => {
      vi.spyOn(Keeper.prototype, 'keepOnDemand').mockImplementation(function (this: Keeper, objectKey, entry) {
        this.keep(objectKey, entry);
        return Promise.resolve();
      });
      expect(await promise.findBroken(fairScenario, { strict: true, runs: CONTROL_RUNS })).toBeDefined();
    },
    TIMEOUT,
  );

  it(
    'fails when answers are not capped while the view of the tags is old',
    async () => {
      vi.spyOn(Mirror.prototype, 'current').mockReturnValue(true);
      expect(await promise.findBroken(stormyScenario, { strict: false, runs: CONTROL_RUNS })).toBeDefined();
    },
    TIMEOUT,
  );
});
