import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import { BUCKET } from '../server/stores';
import type { Answered } from '../with-server';
import { multiplyEntry } from './many-entries';
import { CAPPED, renderOf, stateOf, valueOf } from './page';
import { Fleet, PATIENT, type Replica } from './replicas';

/** For how long a replica may go by what it knows of the tags, in milliseconds; the default. */
const WINDOW = 1000;

describe.each(requestedVersions())('a revalidation among three replicas of Next.js %s', (version) => {
  let app: PackedApp;
  let fleet: Fleet;
  let first: Replica;
  let second: Replica;
  let third: Replica;

  beforeAll(async () => {
    app = await PackedApp.pack(version);
    fleet = await Fleet.start(app, { environment: PATIENT });
    [first, second, third] = [fleet.at(0), fleet.at(1), fleet.at(2)];
  });

  afterAll(async () => {
    await fleet.stop();
    await app.remove();
  });

  /** When it was answered. */
  async function revalidate(replica: Replica, ...tags: string[]): Promise<number> {
    expect((await replica.post('/api/revalidate', { tags })).status).toBe(200);
    return performance.now();
  }

  /** Asks until the answer is another one than `old`, which none may be that was asked for a window after the revalidation. */
  async function askNew(replica: Replica, path: string, old: Answered, revalidatedAt: number): Promise<Answered> {
    for (;;) {
      const askedAt = performance.now();
      const answer = await replica.ask(path);
      expect(answer.status).toBe(200);
      if (renderOf(answer) !== renderOf(old)) return answer;
      expect(askedAt - revalidatedAt).toBeLessThan(WINDOW);
    }
  }

  it.each([
    ['one entry', 'single', 'kept:single', 1],
    ['ten thousand', 'original', 'kept', 10_000],
  ])('is one write for %s', async (_, name, tag, count) => {
    const path = `/api/kept/${name}`;
    const original = await fleet.render(first, path, { over: 'fetch' });
    const names = Array.from({ length: count - 1 }, (__, index) => `copy-${index}`);
    await multiplyEntry(fleet.stores, app.facts, original.objectKey, name, names);
    const sample = [name, ...names.filter((__, index) => index % 500 === 0)].map((each) => `/api/kept/${each}`);
    for (const each of sample) {
      const answer = await second.ask(each);
      expect([stateOf(answer), renderOf(answer)]).toEqual(['HIT', renderOf(original)]);
    }
    fleet.forgetCalls();
    const revalidatedAt = await revalidate(first, tag);
    const calls = fleet.calls.map(({ operation }) => operation);
    expect(calls.filter((operation) => operation !== 'Query')).toEqual(['UpdateItem']);
    for (const each of sample) await askNew(second, each, original, revalidatedAt);
  });

  it('is seen at once where it was made, and everywhere else within the window', async () => {
    const path = '/posts/window';
    let old: Answered = await fleet.render(first, path);
    for (let round = 0; round < 3; round += 1) {
      for (const replica of fleet.replicas) expect(renderOf(await replica.ask(path))).toBe(renderOf(old));
      const revalidatedAt = await revalidate(first, 'post:window');
      expect(renderOf(await first.ask(path))).not.toBe(renderOf(old));
      for (const other of [second, third]) await askNew(other, path, old, revalidatedAt);
      // Those who render at the same time agree in the end.
      await until(async () => {
        const answers = await Promise.all(fleet.replicas.map((replica) => replica.ask(path)));
        return new Set(answers.map(renderOf)).size === 1 && answers.every((answer) => stateOf(answer) === 'HIT');
      });
      old = await first.ask(path);
    }
  });

  it.each([
    ['a fetch', '/fetched/lagging', 'fetched:lagging', 'fetch'],
    ["'use cache' data", '/use-cache/lagging', 'used:lagging', 'use-cache'],
    ['unstable_cache data', '/posts/lagging', 'post:lagging', 'fetch'],
  ] as const)('outlives no page that a lagging replica meanwhile renders over %s', async (_, path, tag, group) => {
    const old = await fleet.render(first, path, { over: group });
    // As when the bucket's lifecycle has taken the page: its data is still there.
    fleet.stores.s3.deleteObject(BUCKET, old.objectKey);
    fleet.interceptor = ({ replica, operation }) =>
      replica === third.name && operation === 'Query' ? { kind: 'disconnect' } : undefined;
    const revalidatedAt = await revalidate(first, tag);

    const outdated = await fleet.render(third, path);
    expect([valueOf(outdated), renderOf(outdated)]).toEqual([valueOf(old), expect.not.stringMatching(renderOf(old))]);

    const renewed = await askNew(second, path, outdated, revalidatedAt);
    expect(valueOf(renewed)).not.toBe(valueOf(old));
    expect(valueOf(await first.ask(path))).not.toBe(valueOf(old));
    // It knows that it does not know.
    await until(async () => (await third.ask(path)).headers['cache-control'] === CAPPED);
    fleet.interceptor = undefined;
    await until(async () => valueOf(await third.ask(path)) !== valueOf(old));
    for (const replica of [first, second, third]) expect(valueOf(await replica.ask(path))).not.toBe(valueOf(old));
  });

  describe('by res.revalidate(), while the old content is being rendered', () => {
    const pages = [
      ['of the Pages Router', '/legacy/held-'],
      ['of the App Router', '/held/'],
    ] as const;
    const places = ['on the same replica', 'on another one'] as const;
    const cases = pages.flatMap(([router, prefix]) => places.map((place) => [router, place, prefix] as const));

    it.each(cases)('wins on every replica: a page %s %s', async (router, place, prefix) => {
      const key = `${place}-${router}`.replaceAll(' ', '-');
      const path = `${prefix}${key}`;
      const held = prefix.startsWith('/legacy') ? `/hold/held-${key}` : `/hold/${key}`;
      const { origin } = fleet;
      const isHere = place === 'on the same replica';
      const replica = isHere ? first : second;
      origin.hold(held);
      const rendering = first.ask(path);
      await until(() => origin.waiting(held) === 1);
      origin.pass(held);
      fleet.forgetCalls();
      const revalidating = replica.post('/api/legacy-revalidate', { path });
      // Under way; on the same replica Next may join it to the render that is.
      await until(() => fleet.count({ replica, operation: 'GetObject', group: 'response' }) > 0);
      if (!isHere) await revalidating;
      origin.release(held);
      expect((await revalidating).status).toBe(200);
      const revalidatedAt = performance.now();
      const old = await rendering;
      expect(old.status).toBe(200);
      for (const each of fleet.replicas) await askNew(each, path, old, revalidatedAt);
    });
  });
});
