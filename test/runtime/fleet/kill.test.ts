import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment } from '../../../contract';
import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from '../server/packed-app';
import { until } from '../server/started-server';
import { Stores } from '../server/stores';
import type { Answered } from '../with-server';
import { BigOrigin, isWhole } from './big-origin';
import { counted, metricLines } from './metrics';
import { renderOf, valueOf } from './page';
import { Fleet, type Replica } from './replicas';
import { StoreLine } from './store-line';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 3);
/** Replicas that die in one round, each in the middle of its writes. */
const VICTIMS = 2;
const PAGES = 5;
/** Itself and its datum. */
const PUTS_A_PAGE = 2;
/** 2 MB/s, at which what a page makes to be written takes a good tenth of a second. */
const [PIECE, PAUSE] = [8 * 1024, 4];

/** The parts of an object of the entry format before its digest and before what is digested (entry-codec.ts). */
const [DIGEST_AT, CONTENT_AT] = [5, 21];

describe.each(requestedVersions())('replicas of Next.js %s that are killed in the middle of writes', (version) => {
  let app: PackedApp;
  let fleet: Fleet;
  let origin: BigOrigin;
  let reader: Replica;

  beforeAll(async () => {
    [app, origin] = await Promise.all([PackedApp.pack(version), BigOrigin.start()]);
    fleet = await Fleet.start(app, {
      replicas: 1,
      environment: { [Environment.CACHE_LEASE]: '1000', [Environment.CACHE_LEASE_WAIT]: '300' },
    });
    reader = fleet.at(0);
  });

  afterAll(async () => {
    await fleet.stop();
    await Promise.all([app.remove(), origin.close()]);
  });

  /** A replica that writes page after page over a line that slows down at that PUT, and dies in its middle. Returns how many it was at. */
  async function writeAndDie(pages: readonly string[], lastPut: number): Promise<number> {
    const line = await StoreLine.start(fleet.stores.s3.endpoint);
    let puts = 0;
    let passed = 0;
    line.tap = async (piece, pass) => {
      if (piece.toString('latin1', 0, 4) === 'PUT ') puts += 1;
      // Those before it come through, however fast one follows the other.
      if (puts < lastPut) {
        pass(piece);
        return;
      }
      for (let start = 0; start < piece.length; start += PIECE) {
        const part = piece.subarray(start, start + PIECE);
        pass(part);
        passed += part.length;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    };
    const victim = await fleet.add({ environment: { FIXTURE_ORIGIN: origin.url, AWS_ENDPOINT_URL_S3: line.url } });
    const asked = askInTurn(victim, pages);
    await until(() => passed > PIECE);
    const cut = fleet.stores.s3.calls.running;
    await Promise.all([fleet.kill(victim), line.refuse(), asked]);
    return cut;
  }

  it(
    `never leave an entry that is not whole, over ${ROUNDS * VICTIMS} kills`,
    { timeout: 120_000 * ROUNDS },
    async () => {
      const written: string[] = [];
      let cut = 0;
      for (let round = 0; round < ROUNDS; round += 1) {
        const deaths = Array.from({ length: VICTIMS }, (_, victim) => {
          const pages = Array.from({ length: PAGES }, (_, page) => `/fetched/big-${round}-${victim}-${page}`);
          written.push(...pages);
          const share = (round * VICTIMS + victim + 0.5) / (ROUNDS * VICTIMS);
          return writeAndDie(pages, Math.ceil(share * PAGES * PUTS_A_PAGE));
        });
        for (const interrupted of await Promise.all(deaths)) cut += interrupted;
      }
      expect(cut).toBeGreaterThanOrEqual(ROUNDS * VICTIMS);
      await until(() => fleet.stores.s3.calls.running === 0);
      expect(brokenObjects(fleet.stores)).toEqual([]);

      const fresh = await fleet.add({ environment: { FIXTURE_ORIGIN: origin.url } });
      const found: string[] = [];
      for (const page of written) {
        const answer = await fresh.ask(page);
        expect([page, answer.status, isWholePage(answer, page)]).toEqual([page, 200, true]);
        found.push(answer.headers['x-nextjs-cache'] === 'MISS' ? 'lost' : 'kept');
      }
      // Neither has everything been lost, nor was everything written before its replica died.
      expect(new Set(found)).toEqual(new Set(['kept', 'lost']));
      await fresh.server.stop();
      expect(metricLines(fresh.server)).not.toEqual([]);
      expect(counted(fresh.server, 'entry.undecodable')).toBe(0);
    },
  );

  it('leave what was there where they die between the row and the entry of a res.revalidate(), and nobody is served it', async () => {
    const page = '/legacy/killed';
    const victim = await fleet.add();
    const old = await fleet.written(() => reader.ask(page));
    expect(renderOf(await victim.ask(page))).toBe(renderOf(old));
    let killed: Promise<void> | undefined;
    fleet.interceptor = async ({ replica, operation }, signal) => {
      if (replica !== victim.name || operation !== 'PutObject') return undefined;
      killed ??= fleet.kill(victim);
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
      });
      return { kind: 'disconnect' };
    };
    await expect(victim.post('/api/legacy-revalidate', { path: page })).rejects.toThrow();
    fleet.interceptor = undefined;
    await killed;
    await until(async () => renderOf(await reader.ask(page)) !== renderOf(old));
    expect(brokenObjects(fleet.stores)).toEqual([]);
  });

  it.each([
    ['expired', undefined],
    ['stale', 'max'],
  ])('hold nobody up with the lease of what is %s', async (_, profile) => {
    const key = `lease-${profile ?? 'now'}`;
    const [page, hold] = [`/held/${key}`, `/hold/${key}`];
    const old = valueOf(await fleet.written(() => reader.ask(page)));
    const victim = await fleet.add();
    await victim.ask(page);
    await victim.post('/api/revalidate', { tags: [`held:${key}`], profile });
    fleet.origin.hold(hold);
    const asked = victim.ask(page).catch(() => undefined);
    await until(() => fleet.origin.waiting(hold) > 0);
    await fleet.kill(victim);
    await asked;
    fleet.origin.release(hold);
    await until(async () => {
      const answer = await reader.ask(page);
      expect(answer.status).toBe(200);
      return valueOf(answer) !== old;
    });
  });
});

describe('the S3 that this is shown on', () => {
  let stores: Stores;

  beforeAll(async () => {
    stores = await Stores.start();
  });

  afterAll(async () => {
    await stores.close();
  });

  it.each([
    ['leaves nothing', undefined],
    ['leaves the object that was there', 'whole'],
  ])('%s of a PUT that breaks off in its body', async (_, before) => {
    const key = `broken-${before ?? 'new'}`;
    if (before !== undefined) stores.s3.putObject('cache', key, { body: Buffer.from(before) });
    const { hostname, port } = new URL(stores.s3.endpoint);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = [
      `PUT /cache/${key} HTTP/1.1`,
      `Host: ${hostname}:${port}`,
      'Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request',
      'Content-Length: 1000',
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n${'x'.repeat(500)}`);
    await until(() => stores.s3.calls.running === 1);
    socket.destroy();
    await until(() => stores.s3.calls.running === 0);
    expect(stores.s3.tryGetObject('cache', key)?.body.toString()).toBe(before);
  });
});

/** Until one of the requests is cut. */
async function askInTurn(replica: Replica, pages: readonly string[]): Promise<void> {
  try {
    for (const page of pages) await replica.ask(page);
  } catch {
    // The replica has died.
  }
}

function isWholePage({ body }: Answered, page: string): boolean {
  const key = page.slice(page.lastIndexOf('/') + 1);
  const [, attribute = '', text = ''] = /data-value="([^"]*)">([^<]*)<\/i>/.exec(body) ?? [];
  return body.endsWith('</html>') && attribute === text && isWhole(attribute, key);
}

/** Keys of the objects that are not what a replica has written, from the first byte to the last. */
function brokenObjects(stores: Stores): string[] {
  return stores.keys.filter((key) => {
    const body = stores.s3.tryGetObject('cache', key)?.body ?? Buffer.alloc(0);
    const digest = createHash('sha256').update(body.subarray(CONTENT_AT)).digest();
    return !digest.subarray(0, CONTENT_AT - DIGEST_AT).equals(body.subarray(DIGEST_AT, CONTENT_AT));
  });
}
