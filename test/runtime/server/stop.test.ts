import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Environment } from '../../../contract';
import { Origin } from '../../fixtures/origin';
import { requestedVersions } from '../../fixtures/versions';
import { withServer } from '../with-server';
import { PackedApp } from './packed-app';
import { StartedServer, type StartOptions, until } from './started-server';
import { Stores } from './stores';

describe.each(requestedVersions())('a server of Next.js %s that is told to stop', (version) => {
  let app: PackedApp;
  let stores: Stores;
  let scratch: string;

  beforeAll(async () => {
    [app, stores, scratch] = await Promise.all([
      PackedApp.pack(version),
      Stores.start(),
      mkdtemp(path.join(tmpdir(), 'stop-')),
    ]);
  });

  afterAll(async () => {
    await Promise.all([app.remove(), stores.close(), rm(scratch, { recursive: true })]);
  });

  function start(environment: StartOptions['environment'] = {}): Promise<StartedServer> {
    return StartedServer.start(app, { environment: { ...stores.environment, ...environment } });
  }

  it('says so to the balancer, goes on answering while it is asked, and exits with 0', async () => {
    const server = await start();
    server.signal('SIGTERM');
    await until(async () => (await server.health()).status === 503);
    expect(JSON.parse((await server.health()).body)).toEqual({ status: 'draining' });
    const answer = await server.ask('/api/dynamic');
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
    expect(await server.ended).toBe(0);
    expect(server.log('server.stopped')).toBeDefined();
  });

  it('finishes the streams that it has begun', async () => {
    const server = await start();
    const streams = [server.ask('/api/stream'), server.ask('/streaming')];
    await until(() => server.ask('/__health').then(({ status }) => status === 200));
    server.signal('SIGTERM');
    const [lines, page] = await Promise.all(streams);
    expect(lines?.body).toContain('part 3');
    expect(page?.body).toContain('data-part="3"');
    expect(await server.ended).toBe(0);
  });

  it('lets every `after` run, even that of an answer sent while it drained', async () => {
    const file = path.join(scratch, 'after');
    const server = await start({ FIXTURE_AFTER_FILE: file });
    await server.ask('/api/after?id=before&ms=3000');
    server.signal('SIGTERM');
    await until(async () => (await server.health()).status === 503);
    await server.ask('/api/after?id=while-draining&ms=3000');
    expect(await server.ended).toBe(0);
    expect((await readFile(file, 'utf8')).trim().split('\n').sort()).toEqual(['before', 'while-draining']);
  });

  it('closes idle connections only after it has stopped being asked', async () => {
    const server = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (): Promise<number> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: server.port, path: '/api/dynamic', agent };
        get(options, (response) => {
          response.resume().on('end', () => {
            resolve(response.statusCode ?? 0);
          });
        }).on('error', reject);
      });
    expect(await ask()).toBe(200);
    server.signal('SIGTERM');
    await until(() => server.log('server.stopping') !== undefined);
    expect(await ask()).toBe(200);
    expect(await server.ended).toBe(0);
    agent.destroy();
  });

  it('waits for a request that outlasts the drain, and not for the connection that it leaves behind', async () => {
    const origin = await Origin.start();
    origin.hold('/hold/late');
    const server = await start({ FIXTURE_ORIGIN: origin.url, [Environment.STOP_TIMEOUT]: '12' });
    const agent = new Agent({ keepAlive: true });
    const late = new Promise<string>((resolve, reject) => {
      get({ host: '127.0.0.1', port: server.port, path: '/held/late', agent }, (response) => {
        text(response).then(resolve, reject);
      }).on('error', reject);
    });
    await until(() => origin.waiting('/hold/late') > 0);
    server.signal('SIGTERM');
    // The port is closed once Next has been told.
    await until(() =>
      server.health().then(
        () => false,
        () => true,
      ),
    );
    origin.release('/hold/late');
    expect(await late).toContain('held late');
    expect([await server.ended, server.log('server.cut')]).toEqual([0, undefined]);
    agent.destroy();
    await origin.close();
  });

  it('ends at once on a second signal, and says what it cut', async () => {
    await withOrigin(async (origin, asked) => {
      const server = await start({ FIXTURE_ORIGIN: origin });
      const cut = server.ask('/held/second-signal?token=secret').catch(() => 'cut');
      await asked;
      server.signal('SIGTERM');
      await until(() => server.log('server.stopping') !== undefined);
      server.signal('SIGTERM');
      expect(await server.ended).toBe(1);
      expect(await cut).toBe('cut');
      const line = server.log('server.cut');
      expect(line).toMatchObject({ level: 'error', reason: 'second signal', requests: 1 });
      expect(JSON.stringify(line)).toContain('GET /held/second-signal (');
      expect(server.output.join('\n')).not.toContain('secret');
    });
  });

  it('ends before it would be killed, and says what it cut', async () => {
    await withOrigin(async (origin, asked) => {
      const server = await start({ FIXTURE_ORIGIN: origin, [Environment.STOP_TIMEOUT]: '3' });
      const cut = server.ask('/held/deadline').catch(() => 'cut');
      await asked;
      server.signal('SIGTERM');
      expect(await server.ended).toBe(1);
      expect(await cut).toBe('cut');
      expect(server.log('server.cut')).toMatchObject({ reason: 'deadline', requests: 1 });
    });
  });

  it('stops as well where the app has told Next to leave signals alone', async () => {
    const server = await start({ NEXT_MANUAL_SIG_HANDLE: 'true' });
    expect(await server.stop()).toBe(0);
  });

  it('takes SIGINT followed by SIGTERM for one wish', async () => {
    const server = await start();
    server.signal('SIGINT');
    await until(() => server.log('server.stopping') !== undefined);
    expect(await server.stop()).toBe(0);
  });

  it('exits with 0 where it has not begun to listen', async () => {
    const server = await StartedServer.spawn(app, { environment: stores.environment });
    await until(() => server.output.length > 0);
    expect(await server.stop()).toBe(0);
  });
});

/** An origin that never answers; `asked` is fulfilled when the app waits for it. */
async function withOrigin(work: (origin: string, asked: Promise<void>) => Promise<void>): Promise<void> {
  let onAsked: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    onAsked = resolve;
  });
  await withServer(
    () => {
      onAsked();
    },
    (_, port) => work(`http://127.0.0.1:${port}`, asked),
  );
}
