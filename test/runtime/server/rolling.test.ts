import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment, Health } from '../../../contract';
import { requestedVersions } from '../../fixtures/versions';
import { closeAll, startBalancer, targetGroup } from '../../local/balancer/support';
import { PackedApp } from './packed-app';
import { StartedServer, until } from './started-server';
import { Stores } from './stores';

const GROUP = 'arn:group';
const REPLICAS = 3;
/** How often each replica is replaced. */
const ROUNDS = Number(process.env.ROLLING_ROUNDS ?? 1);
const REQUESTS_A_SECOND = Number(process.env.ROLLING_RATE ?? 60);

describe.each(requestedVersions())('a fleet of Next.js %s whose replicas are replaced under load', (version) => {
  let app: PackedApp;
  let stores: Stores;
  let scratch: string;

  beforeAll(async () => {
    [app, stores, scratch] = await Promise.all([
      PackedApp.pack(version),
      Stores.start(),
      mkdtemp(path.join(tmpdir(), 'rolling-')),
    ]);
  });

  afterAll(async () => {
    await closeAll();
    await Promise.all([app.remove(), stores.close(), rm(scratch, { recursive: true })]);
  });

  it(
    'fails no request, cuts no stream, loses no write and no `after`',
    { timeout: 60_000 * (ROUNDS + 1) },
    async () => {
      const file = path.join(scratch, 'after');
      const environment = {
        ...stores.environment,
        FIXTURE_AFTER_FILE: file,
        [Environment.STOP_TIMEOUT]: '30',
      };
      const start = (): Promise<StartedServer> => StartedServer.start(app, { environment });
      const balancer = await startBalancer({
        groups: [
          targetGroup(GROUP, { HealthCheckPath: Health.PATH, UnhealthyThresholdCount: 2, HealthyThresholdCount: 2 }),
        ],
        // Every 250 ms in place of 5 s: a stopping server has to be found out before it is quiet.
        options: { timeScale: 0.05 },
      });
      const target = ({ port }: StartedServer): { host: string; port: number } => ({ host: '127.0.0.1', port });
      const join = async (server: StartedServer): Promise<void> => {
        balancer.registerTarget(GROUP, target(server));
        await until(() =>
          balancer.targetHealth(GROUP).some(({ port, state }) => port === server.port && state === 'healthy'),
        );
      };

      const fleet = await Promise.all(Array.from({ length: REPLICAS }, start));
      for (const server of fleet) await join(server);
      const load = new Load(balancer.port);
      for (let replaced = 0; replaced < ROUNDS * REPLICAS; replaced += 1) {
        const leaving = fleet.shift();
        const joining = await start();
        await join(joining);
        fleet.push(joining);
        // No word to the balancer before: a task on spare capacity is stopped like this.
        expect([await leaving?.stop(), leaving?.log('server.cut')]).toEqual([0, undefined]);
        if (leaving !== undefined) await balancer.deregisterTarget(GROUP, target(leaving));
      }
      const { sent, failures } = await load.stop();

      for (const server of fleet) server.signal('SIGTERM');
      expect(await Promise.all(fleet.map(({ ended }) => ended))).toEqual(fleet.map(() => 0));
      expect(failures).toEqual([]);
      expect((await readFile(file, 'utf8')).trim().split('\n').sort()).toEqual([...sent.after].sort());
      const reader = await start();
      for (const page of sent.pages) {
        expect([page, (await reader.ask(page)).headers['x-nextjs-cache']]).toEqual([
          page,
          expect.stringMatching(/^(HIT|STALE)$/),
        ]);
      }
      await reader.kill();
    },
  );
});

/** A steady mix of requests on kept connections, each of which knows what its whole answer is. */
class Load {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly timer: NodeJS.Timeout;
  private readonly running = new Set<Promise<void>>();
  private readonly failures: string[] = [];
  private readonly sent = { after: [] as string[], pages: [] as string[] };
  private count = 0;

  constructor(private readonly port: number) {
    this.timer = setInterval(() => {
      this.send();
    }, 1000 / REQUESTS_A_SECOND);
  }

  async stop(): Promise<{ sent: { after: readonly string[]; pages: readonly string[] }; failures: readonly string[] }> {
    clearInterval(this.timer);
    await Promise.all(this.running);
    this.agent.destroy();
    return { sent: this.sent, failures: this.failures };
  }

  private send(): void {
    const [target, whole] = this.next();
    const request = this.ask(target, whole).then((failure) => {
      if (failure !== undefined) this.failures.push(`${target}: ${failure}`);
      this.running.delete(request);
    });
    this.running.add(request);
  }

  /** The next request, and what its answer has to end with. */
  private next(): readonly [target: string, whole: string] {
    this.count += 1;
    const id = String(this.count);
    switch (this.count % 20) {
      case 0:
        return ['/api/stream', 'part 3'];
      case 1:
        this.sent.after.push(id);
        return [`/api/after?id=${id}&ms=500`, id];
      case 2: {
        const page = `/posts/rolling-${id}`;
        this.sent.pages.push(page);
        return [page, '</html>'];
      }
      default:
        return ['/api/dynamic', '}'];
    }
  }

  private ask(target: string, whole: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.port, path: target, agent: this.agent };
      get(options, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('error', ({ message }) => {
          resolve(message);
        });
        response.on('end', () => {
          const isWhole = response.statusCode === 200 && body.includes(whole);
          resolve(isWhole ? undefined : `${response.statusCode ?? 0} ${body.slice(-80)}`);
        });
      }).on('error', ({ message }) => {
        resolve(message);
      });
    });
  }
}
