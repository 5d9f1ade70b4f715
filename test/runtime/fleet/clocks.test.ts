import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment } from '../../../contract';
import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import type { Answered } from '../with-server';
import { CAPPED, renderOf, valueOf } from './page';
import { Fleet, type Replica } from './replicas';
import { StoreLine } from './store-line';

const WRONG_CLOCK = path.join(import.meta.dirname, 'wrong-clock.mjs');
const SKEW_BOUND = 2000;
/** How far the clocks are wrong: two of them by what is allowed, measured from each other, and two far beyond it. */
const OFFSETS = {
  slightlyBehind: -SKEW_BOUND / 2,
  slightlyAhead: SKEW_BOUND / 2,
  farBehind: -60_000,
  farAhead: 60_000,
};
type Wrong = keyof typeof OFFSETS;
const WRONG = Object.keys(OFFSETS) as Wrong[];

describe.each(requestedVersions())('replicas of Next.js %s whose clocks are wrong', (version) => {
  let app: PackedApp;
  let fleet: Fleet;
  let line: StoreLine;
  /** How far from the time each call was that the replica far behind has signed. */
  const signedAt: number[] = [];
  const replicas = {} as Record<Wrong | 'right', Replica>;

  beforeAll(async () => {
    app = await PackedApp.pack(version);
    // With a window of 0 the promise has no waiting in it: what comes after a revalidation has returned is new, everywhere.
    fleet = await Fleet.start(app, { replicas: 1, environment: { [Environment.CACHE_WINDOW]: '0' } });
    line = await StoreLine.start(fleet.stores.dynamoDb.endpoint);
    line.tap = (piece, pass) => {
      const [, date] = /^x-amz-date: (\S+)$/im.exec(piece.toString('latin1')) ?? [];
      const iso = date?.replace(/(....)(..)(..T..)(..)/, '$1-$2-$3:$4:');
      if (iso !== undefined) signedAt.push(Date.parse(iso) - Date.now());
      pass(piece);
    };
    replicas.right = fleet.at(0);
    const wrong = await Promise.all(WRONG.map(start));
    WRONG.forEach((name, position) => {
      replicas[name] = wrong[position] ?? replicas.right;
    });
  });

  afterAll(async () => {
    await fleet.stop();
    await Promise.all([app.remove(), line.refuse()]);
  });

  function start(name: Wrong): Promise<Replica> {
    return fleet.add({
      environment: {
        FIXTURE_CLOCK_OFFSET: String(OFFSETS[name]),
        ...(name === 'farBehind' && { AWS_ENDPOINT_URL_DYNAMODB: line.url }),
      },
      command: ['--import', WRONG_CLOCK, ...app.facts.server.command],
    });
  }

  function all(target: string, names: readonly (Wrong | 'right')[]): Promise<Answered[]> {
    return Promise.all(names.map((name) => replicas[name].ask(target)));
  }

  /** The answer when there is nothing more to regenerate and nothing doubtful about it. */
  async function settled(replica: Replica, target: string): Promise<Answered> {
    let answer = await replica.ask(target);
    await until(async () => {
      if (answer.headers['x-nextjs-cache'] === 'HIT' && answer.headers['cache-control'] !== CAPPED) return true;
      answer = await replica.ask(target);
      return false;
    });
    return answer;
  }

  it('are shifted for everything in the process: the first call of AWS is signed a minute too early', () => {
    expect(Math.round((signedAt[0] ?? 0) / 60_000)).toBe(-1);
  });

  describe.each<[distance: string, names: readonly (Wrong | 'right')[]]>([
    ['2 s, which is within the bound', ['slightlyBehind', 'right', 'slightlyAhead']],
    ['60 s, which is beyond it', ['farBehind', 'right', 'farAhead']],
  ])('by %s', (distance, names) => {
    it.each(names)('serve nothing old once a revalidation by the one that is %s has returned', async (writer) => {
      const tag = `post:clock-${writer}-${names.length}-${distance.length}`;
      const page = `/posts/${tag.slice('post:'.length)}`;
      const old = new Set<string>();
      for (let round = 0; round < 2; round += 1) {
        for (const answer of [...(await all(page, names)), ...(await all(page, names))]) old.add(valueOf(answer));
        expect((await replicas[writer].post('/api/revalidate', { tags: [tag] })).status).toBe(200);
        for (const answer of await all(page, names)) {
          expect(answer.status).toBe(200);
          expect(old).not.toContain(valueOf(answer));
        }
      }
    });

    it.each(names)(
      'keep nothing that was rendered from old data meanwhile, by the one that is %s',
      async (renderer) => {
        const key = `${renderer}-${distance.length}`;
        const [hold, page] = [`/hold/${key}`, `/held/${key}`];
        const old = valueOf(await replicas.right.ask(page));
        fleet.origin.hold(hold);
        await replicas.right.post('/api/revalidate', { path: page });
        const rendering = replicas[renderer].ask(page);
        await until(() => fleet.origin.waiting(hold) > 0);
        await replicas.right.post('/api/revalidate', { tags: [`held:${key}`] });
        fleet.origin.release(hold);
        expect((await rendering).headers['cache-control']).toBe(CAPPED);
        const joined = valueOf(await rendering);
        for (const answer of await all(page, names)) expect([old, joined]).not.toContain(valueOf(answer));
      },
    );
  });

  it.each(WRONG)('render what others serve with its whole lifetime: the one that is %s', async (name) => {
    const page = `/api/kept/${name}`;
    const made = await fleet.written(() => replicas[name].ask(page));
    const served = await replicas.right.ask(page);
    expect(served.headers).toMatchObject({
      'x-nextjs-cache': 'HIT',
      'cache-control': expect.stringMatching(/^s-maxage=60\b/) as string,
    });
    expect(served.body).toBe(made.body);
    // The renderer takes it for as young as the others do.
    const again = await replicas[name].ask(page);
    expect([again.headers['x-nextjs-cache'], again.body]).toEqual(['HIT', made.body]);
  });

  it('let a period pass when it has passed, not a minute later', async () => {
    const page = '/isr-short';
    let rendered = '';
    await until(async () => {
      const answer = await replicas.farAhead.ask(page);
      rendered = renderOf(answer);
      return answer.headers['x-nextjs-cache'] === 'HIT' && answer.body.includes(await pidOf(replicas.farAhead));
    });
    await until(async () => renderOf(await replicas.right.ask(page)) !== rendered);
  });

  it.each<[name: Wrong, within: boolean]>([
    ['slightlyBehind', true],
    ['slightlyAhead', true],
    ['farBehind', false],
    ['farAhead', false],
  ])('are capped and named once in the log beyond the bound, and only there: %s', async (name, within) => {
    const { server } = replicas[name];
    const lines = server.logLines.filter(({ event }) => event === 'cache.clockSkewed');
    if (within) {
      expect(lines).toEqual([]);
      expect((await settled(replicas[name], '/posts/first')).headers['cache-control']).toMatch(/^s-maxage=60\b/);
      return;
    }
    expect(lines).toEqual([expect.objectContaining({ level: 'warn', bound: SKEW_BOUND })]);
    expect(Math.round(Number(lines[0]?.offset) / 60_000)).toBe(-Math.sign(OFFSETS[name]));
    for (const page of ['/posts/first', '/isr-long', '/api/kept/right']) {
      const answers = [await replicas[name].ask(page), await replicas[name].ask(page)];
      expect(answers.map(({ status, headers }) => [status, headers['cache-control']])).toEqual([
        [200, CAPPED],
        [200, CAPPED],
      ]);
    }
    expect((await settled(replicas.right, '/posts/first')).headers['cache-control']).toMatch(/^s-maxage=60\b/);
  });
});

async function pidOf(replica: Replica): Promise<string> {
  return `data-pid="${(JSON.parse((await replica.ask('/api/dynamic')).body) as { pid: number }).pid}"`;
}
