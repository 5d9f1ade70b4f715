import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { Environment } from '../../../contract';
import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import type { Answered, AskOptions } from '../with-server';
import { CAPPED, renderOf, stateOf } from './page';
import { Fleet, type FleetInterceptor, PATIENT } from './replicas';

const PREFETCH: AskOptions = { headers: { purpose: 'prefetch' } };
const ROUTER_PREFETCH: AskOptions = { headers: { rsc: '1', 'next-router-prefetch': '1' } };

describe.each(requestedVersions())('a regeneration among three replicas of Next.js %s', (version) => {
  /** Before 16 there is no profile: revalidateTag expires, and who asks waits. */
  const hasProfiles = !version.startsWith('15.');
  /** Of looking whether a replica asks its store again, each with a page of its own. */
  let rounds = 0;
  let app: PackedApp;
  let fleet: Fleet;

  beforeAll(async () => {
    app = await PackedApp.pack(version);
    // However long a test holds a regeneration up, it is under way.
    const environment = { ...PATIENT, [Environment.CACHE_LEASE]: '120000' };
    fleet = await Fleet.start(app, { replicas: 2, environment });
    await fleet.add({ environment: { [Environment.CACHE_BUDGET]: '1000' } });
  });

  afterEach(async () => {
    if (fleet.interceptor === undefined) return;
    fleet.interceptor = undefined;
    // Until the replica that was cut off asks its store again.
    await until(async () => {
      const path = `/posts/round-${(rounds += 1)}`;
      const { body } = await fleet.render(fleet.at(0), path);
      return (await fleet.at(2).ask(path)).body === body;
    });
  });

  afterAll(async () => {
    await fleet.stop();
    await app.remove();
  });

  const everywhere = (path: string, options?: AskOptions): Promise<Answered[]> =>
    Promise.all(fleet.replicas.map((replica) => replica.ask(path, options)));

  /** Asks all replicas until every answer is one that `isNew` takes. */
  async function untilEverywhere(path: string, isNew: (answer: Answered) => boolean): Promise<void> {
    await until(async () => (await everywhere(path)).every(isNew));
  }

  /** A page that every replica has, whose next rendering the origin will hold. */
  async function heldPage(path: string, held: string): Promise<Answered> {
    const old = await fleet.render(fleet.at(0), path);
    fleet.origin.hold(held);
    return old;
  }

  /** Its reads of S3 hang. */
  const cutOff: FleetInterceptor = async ({ replica, operation }, signal) => {
    if (replica !== fleet.at(2).name || operation !== 'GetObject') return undefined;
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve);
    });
    return { kind: 'disconnect' };
  };

  it('on a replica whose store reads time out replaces nothing', async () => {
    const third = fleet.at(2);
    const paths = ['/posts/unread', '/legacy/unread', '/api/kept/unread'];
    for (const path of paths) await fleet.render(fleet.at(0), path);
    const stored = fleet.stores.objects();
    fleet.forgetCalls();
    fleet.interceptor = cutOff;
    for (const path of paths) expect((await third.ask(path)).status).toBe(200);
    await until(() => fleet.count({ replica: third, operation: 'PutObject', group: 'response' }) > 0);
    expect(fleet.stores.objects()).toEqual(stored);
    for (const path of paths) expect(stateOf(await fleet.at(1).ask(path))).toBe('HIT');
  });

  it('that throws leaves what is stored, and the next one succeeds', async () => {
    const [path, held] = ['/held-short/failing', '/hold/failing'];
    const old = await fleet.render(fleet.at(0), path);
    fleet.origin.fail(held);
    const stored = fleet.stores.objects();
    const before = fleet.origin.count(held);
    await until(async () => {
      for (const answer of await everywhere(path)) {
        expect([answer.status, renderOf(answer)]).toEqual([200, renderOf(old)]);
      }
      return fleet.origin.count(held) > before + 1;
    });
    expect(fleet.stores.objects()).toEqual(stored);
    fleet.origin.fail(held, false);
    await untilEverywhere(path, (answer) => renderOf(answer) !== renderOf(old));
    expect(fleet.stores.objects()).not.toEqual(stored);
  });

  it('that throws on a replica whose store reads time out leaves what others have stored meanwhile', async () => {
    const third = fleet.at(2);
    const [path, held] = ['/held-short/cut-off', '/hold/cut-off'];
    const old = await third.ask(path);
    await fleet.written(() => until(async () => renderOf(await fleet.at(0).ask(path)) !== renderOf(old)));
    fleet.interceptor = cutOff;
    fleet.origin.fail(held);
    const before = fleet.origin.count(held);
    await until(async () => {
      expect((await third.ask(path)).status).toBe(200);
      return fleet.origin.count(held) > before;
    });
    expect((await third.ask(path)).headers['cache-control']).toBe(CAPPED);
    // Who comes later gets it from the store.
    const answer = await fleet.at(1).ask(path);
    expect([answer.status, renderOf(answer)]).toEqual([200, expect.not.stringMatching(renderOf(old))]);
    fleet.origin.fail(held, false);
  });

  describe('is one for the whole fleet, whatever the load, and everybody’s answers are capped meanwhile', () => {
    it('when an ISR period has passed', async () => {
      fleet.forgetCalls();
      await isOne('/held-short/period', '/hold/period', () => Promise.resolve());
      // No tag's row: it would purge the edge.
      expect(fleet.count({ operation: 'UpdateItem' })).toBe(0);
    });

    it.runIf(hasProfiles)('after revalidateTag(tag, "max")', async () => {
      await isOne('/held/tag', '/hold/tag', async () => {
        await fleet.at(0).post('/api/revalidate', { tags: ['held:tag'], profile: 'max' });
      });
    });

    async function isOne(path: string, held: string, makeStale: () => Promise<void>): Promise<void> {
      const old = await heldPage(path, held);
      const before = fleet.origin.count(held);
      await everywhere(path);
      await makeStale();
      // From here on every replica knows that the page is stale.
      await until(async () => (await everywhere(path)).every(({ headers }) => headers['cache-control'] === CAPPED));
      for (let round = 0; round < 10; round += 1) {
        for (const { status, headers, body } of await everywhere(path)) {
          expect([status, headers['cache-control'], body]).toEqual([200, CAPPED, old.body]);
        }
      }
      expect(fleet.origin.count(held)).toBe(before + 1);
      fleet.origin.release(held);
      await untilEverywhere(path, (answer) => renderOf(answer) !== renderOf(old));
    }
  });

  it('is not held off by prefetches of the stale page', async () => {
    const [path, held] = ['/held-short/prefetched', '/hold/prefetched'];
    const prefetches =
      version.startsWith('15.') || version.startsWith('16.2') ? [PREFETCH] : [PREFETCH, ROUTER_PREFETCH];
    const old = await heldPage(path, held);
    fleet.forgetCalls();
    const prefetch = (): Promise<Answered[][]> => Promise.all(prefetches.map((options) => everywhere(path, options)));
    await until(async () => (await prefetch()).flat().every((answer) => stateOf(answer) === 'STALE'));
    for (let round = 0; round < 10; round += 1) {
      for (const answer of (await prefetch()).flat()) {
        expect([answer.status, renderOf(answer), answer.headers['cache-control']]).toEqual([
          200,
          renderOf(old),
          CAPPED,
        ]);
      }
    }
    expect(fleet.origin.count(held)).toBe(1);
    expect(fleet.count({ operation: 'PutItem' })).toBe(0);
    await fleet.at(1).ask(path);
    await until(() => fleet.origin.waiting(held) === 1);
    await prefetch();
    fleet.origin.release(held);
    await untilEverywhere(path, (answer) => renderOf(answer) !== renderOf(old));
  });
});
