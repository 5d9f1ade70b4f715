import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import type { AskOptions } from '../with-server';
import { lifetimeOf, stateOf } from './page';
import { rebuild } from './rebuilt-app';
import { Fleet, PATIENT } from './replicas';

const RSC: AskOptions = { headers: { rsc: '1' } };
const PRERENDERED: readonly [path: string, revalidate: number, options?: AskOptions][] = [
  ['/', 31_536_000],
  ['/isr-long', 86_400],
  ['/isr-long', 86_400, RSC],
  ['/legacy-closed/one', 86_400],
];
const SECOND = 1000;
const REQUESTS = 1000;
const REQUESTS_LAST = 10 * SECOND;

describe.each(requestedVersions())('cached pages on three replicas of Next.js %s', (version) => {
  let app: PackedApp;
  let fleet: Fleet;

  beforeAll(async () => {
    const packed = await PackedApp.pack(version);
    // Built just now, however long ago that was: the build's periods have not passed.
    app = await rebuild(packed, { buildTime: Date.now() });
    await packed.remove();
    fleet = await Fleet.start(app, { environment: PATIENT });
  });

  afterAll(async () => {
    await fleet.stop();
    await app.remove();
  });

  it('are hits without any S3 call on a fresh replica', async () => {
    const fresh = await fleet.add();
    for (const [path, revalidate, options] of PRERENDERED) {
      const answer = await fresh.ask(path, options);
      expect([path, answer.status, stateOf(answer)]).toEqual([path, 200, 'HIT']);
      expect(answer.headers['cache-control']).toMatch(lifetimeOf(revalidate));
    }
    expect(fleet.count({ replica: fresh, service: 's3' })).toBe(0);
    await fleet.kill(fresh);
  });

  it.each<[name: string, path: string, status: number, revalidate: number, options?: AskOptions]>([
    ['an ISR page', '/posts/shared', 200, 60],
    ["an ISR page's RSC payload", '/posts/shared-payload', 200, 60, RSC],
    ['a page over a fetch', '/fetched/shared', 200, 60],
    ["a page over 'use cache'", '/use-cache/shared', 200, 60],
    ['a large page', '/big/900/shared', 200, 600],
    ['a route handler', '/api/kept/shared', 200, 60],
    ['a redirect', '/moved/shared', 307, 60],
    ['a not-found page', '/missing/shared', 404, 10],
    ['a page of the Pages Router', '/legacy/shared', 200, 60],
    ['a redirect of the Pages Router', '/legacy/elsewhere', 307, 60],
    ['a not-found page of the Pages Router', '/legacy/gone', 404, 10],
  ])('rendered once and hit everywhere: %s', async (_, path, status, revalidate, options) => {
    const rendered = await fleet.render(fleet.at(0), path, options);
    expect(rendered.status).toBe(status);
    for (const replica of [fleet.at(1), fleet.at(2), fleet.at(0)]) {
      const answer = await replica.ask(path, options);
      expect([answer.status, stateOf(answer), answer.body]).toEqual([status, 'HIT', rendered.body]);
      expect(answer.headers['cache-control']).toMatch(lifetimeOf(revalidate));
      expect(answer.headers.location).toBe(rendered.headers.location);
    }
    expect(fleet.count({ replica: fleet.at(1), operation: 'PutObject' })).toBe(0);
  });

  it('ask DynamoDB once a second and S3 never, however many requests there are', { timeout: 180_000 }, async () => {
    const paths = [
      '/',
      '/isr-long',
      '/legacy-closed/one',
      '/posts/hot',
      '/api/kept/hot',
      '/legacy/hot',
      '/big/900/hot',
    ];
    for (const path of paths.slice(3)) await fleet.render(fleet.at(0), path);
    for (const replica of fleet.replicas) for (const path of paths) await replica.ask(path);

    fleet.forgetCalls();
    const startedAt = performance.now();
    const states = await Promise.all(
      Array.from({ length: REQUESTS }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, (index / REQUESTS) * REQUESTS_LAST));
        return stateOf(await fleet.at(index % 3).ask(paths[index % paths.length] ?? '/'));
      }),
    );
    const seconds = (performance.now() - startedAt) / SECOND;

    expect(new Set(states)).toEqual(new Set(['HIT']));
    expect(fleet.count({ service: 's3' })).toBe(0);
    for (const replica of fleet.replicas) {
      const reads = fleet.count({ replica, service: 'dynamodb' });
      expect(reads).toBeGreaterThan(0);
      // One a second, one more at the beginning, and the minute's own.
      expect(reads).toBeLessThanOrEqual(Math.ceil(seconds) + 1 + Math.ceil(seconds / 60));
    }
  });
});
