import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment } from '../../../contract';
import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import type { Answered } from '../with-server';
import { type Failure, FaultyStores, interceptorOf, type Service } from './faulty-stores';
import { counted, gauged, metricLines } from './metrics';
import { CAPPED, renderOf, valueOf } from './page';
import { Fleet, type Replica } from './replicas';

/** What one request may wait for the stores altogether, in milliseconds. */
const BUDGET = 3000;
/** Requests that come while a store is known to be down. */
const REQUESTS = 40;
/** Calls that a request waits for; entries are written behind it, and are nobody's time. */
const WAITED_FOR: Readonly<Record<Service, readonly string[]>> = {
  s3: ['GetObject'],
  dynamodb: ['Query', 'BatchGetItem', 'PutItem'],
};

const FAILURES: readonly Failure[] = ['refusing', 'failing', 'throttling', 'hanging'];
const DOWN: Readonly<Record<string, readonly Service[]>> = {
  S3: ['s3'],
  DynamoDB: ['dynamodb'],
  both: ['s3', 'dynamodb'],
};

/** Something of every kind, made of several entries where there are any, that no replica has in memory. */
function coldPages(id: string): readonly string[] {
  return [
    `/posts/${id}`,
    `/fetched/${id}`,
    `/fetched-dynamic/${id}`,
    `/use-cache/${id}`,
    `/use-cache-dynamic/${id}`,
    `/legacy/${id}`,
    `/api/kept/${id}`,
    `/big/64/${id}`,
  ];
}

const PRERENDERED = [
  '/',
  '/isr-long',
  '/isr',
  '/isr-short',
  '/posts/first',
  '/legacy/first',
  '/closed/one',
  '/api/static',
];
const OTHERS = ['/dynamic', '/api/dynamic', '/server-side', '/_next/image?url=%2Fpicture.png&w=640&q=75'];

/** What a dashboard is made of. */
const NAMED: readonly string[] = [
  ...['hit.memory', 'hit.build', 'hit.store', 'miss', 'stale', 'expired', 'capped'],
  ...['regeneration', 'lease.taken', 'lease.refused', 'lease.waited'],
  ...['call.s3.GetObject', 'call.s3.PutObject', 'call.dynamodb.Query', 'call.dynamodb.UpdateItem'],
  ...['bytes.read', 'bytes.written', 'memory.bytes', 'memory.entries'],
  ...['breaker.s3.opened', 'breaker.s3.open', 'breaker.dynamodb.opened', 'breaker.dynamodb.open', 'budget.exhausted'],
  ...['mirror.age', 'mirror.skew', 'mirror.rows', 'mirror.read', 'mirror.failed'],
];

interface Sufferer {
  readonly name: string;
  readonly services: readonly Service[];
  readonly replica: Replica;
  readonly stores: FaultyStores;
}

describe.each(requestedVersions())('a fleet of Next.js %s whose stores fail', (version) => {
  let app: PackedApp;
  let fleet: Fleet;
  let healthy: Replica;
  let sufferers: readonly Sufferer[];

  beforeAll(async () => {
    app = await PackedApp.pack(version);
    fleet = await Fleet.start(app, {
      replicas: 1,
      environment: {
        [Environment.CACHE_BUDGET]: String(BUDGET),
        [Environment.CACHE_WINDOW]: '500',
        [Environment.CACHE_SLACK]: '500',
        [Environment.METRICS_PERIOD]: '1',
      },
    });
    healthy = fleet.at(0);
    sufferers = await Promise.all(
      Object.entries(DOWN).map(async ([name, services]) => {
        const stores = await FaultyStores.start(fleet);
        return { name, services, stores, replica: await fleet.add({ environment: stores.environment }) };
      }),
    );
    // A route's code is loaded by its first request, which may take any time on a busy machine.
    await Promise.all(sufferers.map(({ name, replica }) => askAll(replica, coldPages(`first-${name}`))));
    fleet.interceptor = interceptorOf(new Map(sufferers.map(({ replica, stores }) => [replica, stores])));
  });

  afterAll(async () => {
    await fleet.stop();
    await Promise.all([app.remove(), ...sufferers.map(({ stores }) => stores.close())]);
  });

  describe.each(FAILURES)('by %s', (failure) => {
    it(
      'answers every request, waits once, knows then, and comes back: S3, DynamoDB, both',
      { timeout: 300_000 },
      async () => {
        try {
          await Promise.all(sufferers.map((sufferer) => suffer(sufferer, failure)));
        } finally {
          await Promise.all(sufferers.map(({ stores }) => stores.mend()));
        }
      },
    );
  });

  it('has counted all of that', async () => {
    const [other] = sufferers;
    if (other === undefined) throw new Error('no replica');
    const [page, hold] = ['/held/waited', '/hold/waited'];
    await fleet.written(() => healthy.ask(page));
    await other.replica.ask(page);
    fleet.origin.hold(hold);
    await healthy.post('/api/revalidate', { tags: ['held:waited'] });
    const answers = [healthy.ask(page)];
    await until(() => fleet.origin.waiting(hold) > 0);
    // For one window it may serve the old page; then it waits for the one that renders.
    await until(() => {
      const asked = other.replica.ask(page);
      answers.push(asked);
      const waits = until(() => counted(other.replica.server, 'lease.waited') > 0).then(() => true);
      return Promise.race([waits, asked.then(() => false)]);
    });
    fleet.origin.release(hold);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200));

    const names = new Set(fleet.replicas.flatMap(({ server }) => metricLines(server).flatMap(Object.keys)));
    expect([...names]).toEqual(expect.arrayContaining([...NAMED]));
  });

  async function suffer(sufferer: Sufferer, failure: Failure): Promise<void> {
    const { name, services, replica, stores } = sufferer;
    const id = `${failure}-${name}`;
    const hot = `/posts/hot-${id}`;
    const old = valueOf(await fleet.written(() => healthy.ask(hot)));
    // On a busy machine a store that is well may have counted as down.
    await until(async () => isProved(await replica.ask(hot)) && !services.some((service) => isDown(replica, service)));
    const known = replica.server.logLines.length;

    await stores.fail({ failure, services });
    for (const page of [...coldPages(`found-${id}`), hot, ...PRERENDERED, ...OTHERS]) {
      const { answer, took } = await timed(() => replica.ask(page));
      expect([id, page, answer.status, answer.body.length > 0]).toEqual([id, page, 200, true]);
      // A request that waits for each of its entries would take several times the budget. Errors take no time.
      if (failure === 'hanging') expect([id, page, took < 2 * BUDGET]).toEqual([id, page, true]);
    }
    await until(async () => {
      await replica.ask(hot);
      return services.every((service) => downs(replica, known, service) === 1);
    });

    const attempts = await attemptsOf(replica, services);
    let waited = 0;
    for (let request = 0; request < REQUESTS; request += 1) {
      const pages = coldPages(`down-${id}-${request}`);
      const page = request % 2 === 0 ? hot : (pages[request % pages.length] ?? hot);
      const { answer, took } = await timed(() => replica.ask(page));
      waited += took;
      expect([id, page, answer.status]).toEqual([id, page, 200]);
      // What is in memory does not need S3: neither to be served nor to be believed.
      if (page === hot && name === 'S3') expect([id, isProved(answer)]).toEqual([id, true]);
    }
    expect((await attemptsOf(replica, services)) - attempts, id).toBeLessThan(REQUESTS / 2);
    if (failure === 'hanging') expect([id, waited < (REQUESTS * BUDGET) / 4]).toEqual([id, true]);

    // Old or not: a replica that does not know lets nobody keep it.
    if (services.includes('dynamodb')) {
      await until(async () => (await replica.ask(hot)).headers['cache-control'] === CAPPED);
      expect((await replica.ask(hot)).headers['x-nextjs-cache']).toBe('HIT');
    }
    expect((await healthy.post('/api/revalidate', { tags: [`post:hot-${id}`] })).status).toBe(200);
    await stores.mend();
    await until(async () => {
      const answer = await replica.ask(hot);
      expect([id, answer.status]).toEqual([id, 200]);
      return isProved(answer) && valueOf(answer) !== old;
    });
    await untilShared(replica, id);
    for (const service of services) {
      expect([id, service, downs(replica, known, service)]).toEqual([id, service, 1]);
      expect(replica.server.log('cache.storeUp')).toBeDefined();
      await until(() => gauged(replica.server, `breaker.${service}.open`).at(-1) === 0);
    }
    // One outage is a handful of lines, whatever the number of requests.
    expect(replica.server.logLines.slice(known).length).toBeLessThan(REQUESTS / 2);
  }

  /** Until what the others have rendered is a hit here again. */
  async function untilShared(replica: Replica, id: string): Promise<void> {
    let round = 0;
    await until(async () => {
      round += 1;
      const page = `/posts/back-${id}-${round}`;
      const made = await fleet.written(() => healthy.ask(page));
      const found = await replica.ask(page);
      return found.headers['x-nextjs-cache'] === 'HIT' && renderOf(found) === renderOf(made);
    });
  }
});

async function askAll(replica: Replica, pages: readonly string[]): Promise<void> {
  for (const page of [...pages, ...PRERENDERED, ...OTHERS]) await replica.ask(page);
}

/** Whether an answer may be kept for as long as its page lasts. */
function isProved({ status, headers }: Answered): boolean {
  return status === 200 && headers['x-nextjs-cache'] === 'HIT' && headers['cache-control'] !== CAPPED;
}

async function timed(work: () => Promise<Answered>): Promise<{ answer: Answered; took: number }> {
  const startedAt = performance.now();
  const answer = await work();
  return { answer, took: performance.now() - startedAt };
}

function downs({ server }: Replica, since: number, service: Service): number {
  return server.logLines.slice(since).filter((line) => line.event === 'cache.storeDown' && line.service === service)
    .length;
}

/** Whether the replica counts the service as down: what it said last. */
function isDown({ server }: Replica, service: Service): boolean {
  const said = server.logLines.filter(
    (line) => (line.event === 'cache.storeDown' || line.event === 'cache.storeUp') && line.service === service,
  );
  return said.at(-1)?.event === 'cache.storeDown';
}

/** How many calls that a request waits for a replica has begun, whether they reached the store or not. */
async function attemptsOf({ server }: Replica, services: readonly Service[]): Promise<number> {
  const lines = metricLines(server).length;
  await until(() => metricLines(server).length > lines);
  const calls = services.flatMap((service) =>
    WAITED_FOR[service].map((operation) => counted(server, `call.${service}.${operation}`)),
  );
  return calls.reduce((sum, count) => sum + count, 0);
}
