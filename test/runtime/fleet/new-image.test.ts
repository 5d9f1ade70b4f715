import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment } from '../../../contract';
import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import { CAPPED, renderOf, stateOf, valueOf } from './page';
import { rebuild } from './rebuilt-app';
import { Fleet, PATIENT, type Replica } from './replicas';

const MINUTE = 60_000;

describe.each(requestedVersions())('an image that goes into service beside another one of Next.js %s', (version) => {
  // Before 16.3 Next has no way to render a page of a route without further params before it answers.
  const mayBeOldOnce = /^1(5|6\.[0-2])\./.test(version) ? /^\/legacy-closed/ : /^$/;
  /** In service first. */
  let old: PackedApp;
  /** Built after it, and before what the tests revalidate. */
  let next: PackedApp;
  /** Built after what the tests revalidate. */
  let last: PackedApp;
  let fleet: Fleet;
  let serving: Replica;

  beforeAll(async () => {
    const packed = await PackedApp.pack(version);
    const now = Date.now();
    old = await rebuild(packed, { namespace: '00000000000000aa', buildTime: now - 20 * MINUTE });
    next = await rebuild(packed, { namespace: '00000000000000bb', buildTime: now - 10 * MINUTE });
    last = await rebuild(packed, { namespace: '00000000000000cc', buildTime: now + 10 * MINUTE });
    await packed.remove();
    fleet = await Fleet.start(old, { replicas: 1, environment: PATIENT });
    serving = fleet.at(0);
  });

  afterAll(async () => {
    await fleet.stop();
    await Promise.all([old.remove(), next.remove(), last.remove()]);
  });

  it.each([
    [
      'pages that were revalidated',
      [
        ['/isr-long', '/api/revalidate', { tags: ['isr-long'] }],
        ['/picture', '/api/revalidate', { path: '/picture' }],
        ['/legacy-closed/one', '/api/legacy-revalidate', { path: '/legacy-closed/one' }],
      ],
    ],
    [
      'pages whose layout was revalidated',
      [
        ['/', '/api/revalidate', { path: '/', type: 'layout' }],
        ['/actions', '/api/revalidate', { path: '/', type: 'layout' }],
      ],
    ],
  ] as const)('does not bring back the %s', async (_, pages) => {
    const built = await fleet.add({ app: last });
    const prerendered = new Map<string, string>();
    for (const [path] of pages) prerendered.set(path, renderOf(await built.ask(path)));
    for (const [path, endpoint, body] of pages) {
      expect((await serving.post(endpoint, body)).status).toBe(200);
      expect(prerendered.get(path)).not.toBe('none');
    }

    const added = await fleet.add({ app: next });
    for (const [path] of pages) {
      const answer = await added.ask(path);
      expect(answer.status).toBe(200);
      if (mayBeOldOnce.test(path) && renderOf(answer) === prerendered.get(path)) {
        expect(answer.headers['cache-control']).toBe(CAPPED);
        await until(async () => renderOf(await added.ask(path)) !== prerendered.get(path));
      } else {
        expect([path, renderOf(answer)]).not.toEqual([path, prerendered.get(path)]);
      }
    }
    // Of what is younger than the revalidation nothing is thrown away.
    const again = await fleet.add({ app: last });
    for (const [path] of pages) {
      const answer = await again.ask(path);
      expect([path, stateOf(answer), renderOf(answer)]).toEqual([path, 'HIT', prerendered.get(path)]);
    }
    await Promise.all([built, added, again].map((replica) => fleet.kill(replica)));
  });

  it('does not use the other build’s fetch entries', async () => {
    const path = '/fetched/apart';
    const seen = valueOf(await fleet.render(serving, path, { over: 'fetch' }));
    const added = await fleet.add({ app: next });
    expect(valueOf(await added.ask(path))).not.toBe(seen);
    expect(valueOf(await serving.ask(path))).toBe(seen);
    expect(fleet.origin.count('/data/apart')).toBe(2);
    await fleet.kill(added);
  });

  it('shares fetch entries where the user says so, but none that was revalidated', async () => {
    const path = '/fetched/shared';
    const environment = { [Environment.CACHE_SHARED_FETCHES]: '1' };
    const sharing = await fleet.add({ environment });
    const added = await fleet.add({ app: next, environment });
    const seen = valueOf(await fleet.render(sharing, path, { over: 'fetch' }));
    expect(valueOf(await added.ask(path))).toBe(seen);
    await sharing.post('/api/revalidate', { tags: ['fetched:shared'] });
    // The other build's replica has read the datum already, and holds it until it hears of the revalidation.
    await until(async () => valueOf(await added.ask(path)) !== seen);
    expect(valueOf(await sharing.ask(path))).not.toBe(seen);
    await Promise.all([fleet.kill(added), fleet.kill(sharing)]);
  });
});
