import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment } from '../../../contract';
import { prepareApp } from '../../fixtures/prepare';
import { Origin } from '../../fixtures/origin';
import { requestedVersions } from '../../fixtures/versions';
import { submit } from '../oracle/form';
import { PlainNext } from '../oracle/plain-next';
import { askOptions, type Side, type SideOptions } from '../oracle/side';
import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import type { Answered } from '../with-server';
import { CAPPED, lifetimeOf, renderOf, stateOf, valueOf } from './page';
import { Fleet, PATIENT } from './replicas';

const NO_WINDOW = { ...PATIENT, [Environment.CACHE_WINDOW]: '0' };

/** Data that is shown by a page of its own, which Next keeps, and by a dynamic one. */
interface Shown {
  readonly page: string;
  readonly dynamicPage: string;
  readonly route: string;
  readonly dynamicRoute: string;
  readonly tag: string;
  readonly sharedTag: string;
  readonly group: 'use-cache' | 'fetch';
}

const USE_CACHE: Shown = {
  page: '/use-cache/k',
  dynamicPage: '/use-cache-dynamic/k',
  route: '/use-cache/[key]',
  dynamicRoute: '/use-cache-dynamic/[key]',
  tag: 'used:k',
  sharedTag: 'used',
  group: 'use-cache',
};
const FETCHED: Shown = {
  page: '/fetched/k',
  dynamicPage: '/fetched-dynamic/k',
  route: '/fetched/[key]',
  dynamicRoute: '/fetched-dynamic/[key]',
  tag: 'fetched:k',
  sharedTag: 'fetched',
  group: 'fetch',
};

/** Asks the replicas in turn, and waits until what they have made anew is stored: as one process, which has it at once. */
class InTurn implements Side {
  readonly name = 'the fleet';
  private asked = 0;
  private readonly known = new Set<string>();

  constructor(
    private readonly fleet: Fleet,
    private readonly group: Shown['group'],
  ) {}

  async ask(target: string, options: SideOptions = {}): Promise<Answered> {
    const { fleet, group } = this;
    const replica = fleet.at((this.asked += 1) % fleet.replicas.length);
    const stored = (of: 'response' | Shown['group']): number => fleet.count({ operation: 'PutObject', group: of });
    const before = { data: stored(group), pages: stored('response') };
    const answer = await replica.ask(target, askOptions(replica.server.port, options));
    const madeData = this.isNew(valueOf(answer));
    const madePage = /MISS|REVALIDATED/.test(stateOf(answer));
    await until(
      () =>
        (!madeData || stored(group) > before.data) &&
        (!madePage || stored('response') > before.pages) &&
        fleet.stores.s3.calls.running === 0,
    );
    return answer;
  }

  private isNew(made: string): boolean {
    const isNew = made !== 'none' && !this.known.has(made);
    this.known.add(made);
    return isNew;
  }
}

describe.each(requestedVersions())('three replicas of Next.js %s that have no window', (version) => {
  let app: PackedApp;
  let fleet: Fleet;
  let plainOrigin: Origin;
  let plain: PlainNext;

  beforeAll(async () => {
    app = await PackedApp.pack(version);
    plainOrigin = await Origin.start();
    [fleet, plain] = await Promise.all([
      Fleet.start(app, { environment: NO_WINDOW }),
      PlainNext.start(await prepareApp(version), { FIXTURE_ORIGIN: plainOrigin.url }),
    ]);
  });

  afterAll(async () => {
    await Promise.all([fleet.stop(), plain.kill()]);
    await Promise.all([app.remove(), plainOrigin.close()]);
  });

  const everywhere = (path: string): Promise<Answered[]> =>
    Promise.all(fleet.replicas.map((replica) => replica.ask(path)));

  it.each([
    ['a page', '/posts/never', { tags: ['post:never'] }],
    ['a page over a fetch', '/fetched/never', { tags: ['fetched:never'] }],
    ["a page over 'use cache'", '/use-cache/never', { tags: ['used:never'] }],
    ['a dynamic page over a fetch', '/fetched-dynamic/never', { tags: ['fetched:never'] }],
    ["a dynamic page over 'use cache'", '/use-cache-dynamic/never', { path: '/use-cache-dynamic/[key]', type: 'page' }],
    ['a route handler', '/api/kept/never', { path: '/api/kept/never' }],
  ])('never serve what was revalidated: %s', async (_, path, revalidation) => {
    for (let round = 0; round < 3; round += 1) {
      const old = (await everywhere(path)).map(valueOf);
      expect((await fleet.at(round).post('/api/revalidate', revalidation)).status).toBe(200);
      for (const answer of await everywhere(path)) expect(old).not.toContain(valueOf(answer));
    }
  });

  // Until 16.3 Next has no way to render such a page before it answers: what the cache does not have is a 404.
  it('renew a page of a route without further params; before 16.3 its old content is capped meanwhile', async () => {
    const path = '/closed/two';
    const isAtOnce = !/^1(5|6\.[0-2])\./.test(version);
    const isFresh = (answer: Answered): boolean => lifetimeOf(60).test(answer.headers['cache-control'] ?? '');
    // Next joins who comes later to a render that is under way, however old that is.
    await until(async () => (await everywhere(path)).every(isFresh));
    const old = (await everywhere(path)).map(valueOf);
    expect((await fleet.at(0).post('/api/revalidate', { tags: ['closed'] })).status).toBe(200);
    await until(async () => {
      const answers = await everywhere(path);
      for (const answer of answers)
        expect([answer.status, isAtOnce && old.includes(valueOf(answer))]).toEqual([200, false]);
      const outdated = answers.filter((answer) => old.includes(valueOf(answer)));
      for (const { headers } of outdated) expect(headers['cache-control']).toBe(CAPPED);
      return outdated.length === 0;
    });
    expect((await fleet.at(0).ask('/closed/three')).status).toBe(404);
  });

  it.each([
    ["'use cache' data", USE_CACHE],
    ['fetched data', FETCHED],
  ])('renew %s when one process would, and only then', { timeout: 120_000 }, async (_, shown) => {
    expect(await session(new InTurn(fleet, shown.group), shown)).toEqual(await session(plain, shown));
  });

  /** What becomes of both pages after each revalidation. */
  async function session(side: Side, shown: Shown): Promise<readonly string[]> {
    const { page, dynamicPage, tag } = shown;
    const revalidate = (body: object) => () =>
      side.ask('/api/revalidate', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const steps: readonly (readonly [name: string, revalidate: () => Promise<Answered>])[] = [
      ['nothing', () => side.ask(page)],
      ['its tag', revalidate({ tags: [tag] })],
      ['its tag without a profile', revalidate({ tags: [tag], profile: 'none' })],
      ['the tag of all', revalidate({ tags: [shown.sharedTag] })],
      ['another tag', revalidate({ tags: [`${tag}-not`] })],
      ['the path of the page', revalidate({ path: page })],
      ['the path of the dynamic page', revalidate({ path: dynamicPage })],
      ['the route of the page', revalidate({ path: shown.route, type: 'page' })],
      ['the route of the dynamic page', revalidate({ path: shown.dynamicRoute, type: 'page' })],
      ['another path', revalidate({ path: '/posts/other' })],
      ['everything', revalidate({ path: '/', type: 'layout' })],
      ['by an action', () => submit('', '/actions', 'id="revalidate"', { tag }).ask(side)],
      ['by an action, the path', () => submit('', '/actions', 'id="revalidate"', { path: page }).ask(side)],
    ];
    const seen: string[] = [];
    let [before, dynamicBefore] = [await side.ask(page), await side.ask(dynamicPage)];
    for (const [name, carryOut] of steps) {
      expect((await carryOut()).status).toBeLessThan(400);
      const [after, again] = [await side.ask(page), await side.ask(page)];
      const [dynamicAfter, dynamicAgain] = [await side.ask(dynamicPage), await side.ask(dynamicPage)];
      seen.push(
        `${name}: ${stateOf(after)}, ${stateOf(again)}, page ${compare(before, after)}, ${compare(after, again)}, ` +
          `dynamic page ${compare(dynamicBefore, dynamicAfter)}, ${compare(dynamicAfter, dynamicAgain)}`,
      );
      [before, dynamicBefore] = [again, dynamicAgain];
    }
    return seen;
  }

  function compare(left: Answered, right: Answered): string {
    if (valueOf(left) !== valueOf(right)) return 'has new data';
    return stateOf(right) === 'none' || renderOf(left) === renderOf(right) ? 'is the same' : 'is rendered anew';
  }
});
