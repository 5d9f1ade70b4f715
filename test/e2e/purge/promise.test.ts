import { beforeAll, describe, expect, it } from 'vitest';

import { prepareAssets } from '../../fixtures/prepare';
import { NEWEST_VERSION } from '../../fixtures/versions';
import { PackedApp } from '../../runtime/server/packed-app';
import { Lane, PromiseBroken } from './lane';
import { PurgedSite, type PurgedSiteOptions } from './purged-site';
import { Random } from '../../runtime/cache/simulation/random';
import { Weather } from './weather';

/** Rounds of each property; the full depth is PURGE_ROUNDS=10000. A failure prints its seed, and PURGE_SEED repeats it. */
const ROUNDS = Number(process.env.PURGE_ROUNDS ?? (process.env.CI ? 500 : 200));
const SEED = Number(process.env.PURGE_SEED ?? Date.now() % 2 ** 31);
const LANES = 16;
const TIMEOUT = 7_200_000;

/** Replicas whose clocks are right, wrong within the bound, and wrong beyond it. */
const CLOCKS: readonly PurgedSiteOptions['clocks'][] = [
  undefined,
  { 'replica-2': 900, 'replica-3': -900 },
  { 'replica-2': -60_000 },
];

describe('the edge, on replicas that lag, are cut off or have wrong clocks', () => {
  let app: PackedApp;

  beforeAll(async () => {
    await prepareAssets();
    app = await PackedApp.pack(NEWEST_VERSION);
    return () => app.remove();
  });

  it(`never ends with content older than the last revalidation (seed ${SEED})`, { timeout: TIMEOUT }, async () => {
    const rounds = await Promise.all(CLOCKS.map((clocks, site) => run(app, { clocks }, site, ROUNDS / CLOCKS.length)));
    expect(rounds.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(ROUNDS);
  });

  it('ends with older content where the purge does not wait', { timeout: TIMEOUT }, async () => {
    const broken = run(app, { wait: 0, window: 1000, patience: 8000 }, 0, 2000);
    await expect(broken).rejects.toThrow(PromiseBroken);
    // It is not late: the edge has it for a year.
    await expect(broken).rejects.toThrow(/"cacheControl":"s-maxage=31536000","edge":"Hit from cloudfront"/);
  });
});

interface RunOptions extends PurgedSiteOptions {
  /** How long the edge may take to show what is new, in milliseconds. @default - long enough for a busy machine */
  readonly patience?: number;
}

/** Rounds in lanes beside each other. Fulfilled with how many there were, at the first that fails all others end. */
async function run(app: PackedApp, options: RunOptions, number: number, rounds: number): Promise<number> {
  const site = await PurgedSite.start(app, options);
  const weather = new Weather(site, new Random(SEED + number));
  let begun = 0;
  let isBroken = false;
  const drive = async (lane: Lane): Promise<void> => {
    while (begun < rounds && !isBroken) {
      begun += 1;
      await lane.round().catch((error: unknown) => {
        isBroken = true;
        throw error;
      });
    }
  };
  try {
    const lanes = Array.from(
      { length: LANES },
      (_, lane) => new Lane(site, `lane-${lane}`, new Random(SEED + 1000 * (number + 1) + lane), options.patience),
    );
    const results = await Promise.allSettled(lanes.map(drive));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    return begun;
  } finally {
    await weather.end();
    await site.stop();
  }
}
