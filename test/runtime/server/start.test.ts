import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Bundle, Environment } from '../../../contract';
import { requestedVersions } from '../../fixtures/versions';
import { PackedApp } from './packed-app';
import { StartedServer, type StartOptions, until } from './started-server';
import { Stores } from './stores';

describe.each(requestedVersions())('a server of Next.js %s that starts', (version) => {
  let app: PackedApp;
  let stores: Stores;

  beforeAll(async () => {
    [app, stores] = await Promise.all([PackedApp.pack(version), Stores.start()]);
  });

  afterAll(async () => {
    await Promise.all([app.remove(), stores.close()]);
  });

  function spawnServer(environment: StartOptions['environment'] = {}, packed = app): Promise<StartedServer> {
    return StartedServer.spawn(packed, { environment: { ...stores.environment, ...environment } });
  }

  it('says once what it is, and nothing secret', async () => {
    const server = await StartedServer.start(app, { environment: stores.environment });
    expect(server.logLines.filter(({ event }) => event === 'server.started')).toEqual([
      expect.objectContaining({
        level: 'info',
        next: version,
        build: app.facts.buildId,
        namespace: app.facts.namespace,
        cache: { bucket: 'cache', table: 'tags', site: 'shop' },
        window: 1000,
        keepAlive: 65_000,
      }),
    ]);
    expect(server.output.join('\n')).toContain(`Next.js ${version}`);
    await server.kill();
  });

  it('is not healthy before it has read the tags', async () => {
    stores.dynamoDb.calls.interceptor = () => ({ kind: 'disconnect' });
    const server = await spawnServer();
    await until(async () => {
      const { body = '' } = (await server.health().catch(() => undefined)) ?? {};
      return body === '{"status":"starting","waitingFor":["cache"]}';
    });
    expect((await server.health()).status).toBe(503);
    stores.dynamoDb.calls.interceptor = undefined;
    await until(async () => (await server.health()).status === 200);
    expect((await server.health()).headers['cache-control']).toBe('no-store');
    await server.kill();
  });

  it('needs neither next.config nor what compiles it', async () => {
    const bare = await app.copy();
    await rm(path.join(bare.root, bare.facts.server.directory, 'next.config.mjs'), { force: true });
    const server = await StartedServer.start(bare, { environment: stores.environment });
    expect((await server.ask('/moved-by-config')).status).toBe(308);
    expect((await server.ask('/with-cookie')).headers['set-cookie']).toBeDefined();
    await server.kill();
    await bare.remove();
  });

  it.each<[behaviour: string, environment: Record<string, string>, message: RegExp]>([
    ['the bucket is missing', { [Environment.CACHE_BUCKET]: '' }, /NEXTJS_CACHE_BUCKET is not set: set it to/],
    ['the table is missing', { [Environment.CACHE_TABLE]: '' }, /NEXTJS_CACHE_TABLE is not set: set it to/],
    ['a window is negative', { [Environment.CACHE_WINDOW]: '-1' }, /NEXTJS_CACHE_WINDOW: must be .*; received '-1'/],
    [
      'one is out of bounds',
      { [Environment.CACHE_WINDOW]: 'soon' },
      /NEXTJS_CACHE_WINDOW: must be .*; received 'soon'/,
    ],
  ])('says so in one line and exits with 1 when %s', async (_, environment, message) => {
    const server = await spawnServer(environment);
    expect(await server.ended).toBe(1);
    expect(server.output).toHaveLength(1);
    expect(server.log('server.notStarted')).toMatchObject({
      level: 'error',
      message: expect.stringMatching(message) as string,
    });
  });

  it('refuses a bundle of another format', async () => {
    const other = await app.copy();
    const facts = path.join(other.root, Bundle.DIRECTORY, Bundle.FACTS_FILE);
    await writeFile(facts, (await readFile(facts, 'utf8')).replace('"formatVersion": 1', '"formatVersion": 99'));
    const server = await spawnServer({}, other);
    expect(await server.ended).toBe(1);
    expect(server.log('server.notStarted')?.message).toMatch(/has format 99; this version reads 1.*Pack the app again/);
    await other.remove();
  });

  it("leaves the app's own cache handler in charge, and says so once", async () => {
    const own = await app.copy();
    const dist = path.join(own.root, own.facts.server.directory, own.facts.server.distDirectory);
    await writeFile(
      path.join(dist, 'own-handler.cjs'),
      'module.exports = class { get() { console.log("own get"); return null; } set() {} revalidateTag() {} resetRequestCache() {} };',
    );
    const manifest = path.join(dist, 'required-server-files.json');
    const files = JSON.parse(await readFile(manifest, 'utf8')) as { config: Record<string, unknown> };
    files.config.cacheHandler = './own-handler.cjs';
    await writeFile(manifest, JSON.stringify(files));
    const server = await StartedServer.start(own, { environment: stores.environment });
    const { headers } = await server.ask('/posts/own');
    expect(headers['cache-control']).toBe('s-maxage=1');
    await until(() => server.output.includes('own get'));
    expect(server.logLines.filter(({ event }) => event === 'cache.ownHandlers')).toEqual([
      expect.objectContaining({ level: 'warn', kept: ['cacheHandler'] }),
    ]);
    await server.kill();
    await own.remove();
  });

  it('changes nothing in other processes that inherit the preload, configured or not', async () => {
    const preload = path.join(app.root, Bundle.DIRECTORY, Bundle.PRELOAD_FILE);
    const script = path.join(app.root, 'other-process.cjs');
    await writeFile(
      script,
      `const { Worker } = require('node:worker_threads');
      console.log(Symbol.for('@next/cache-handlers') in globalThis, process.listenerCount('SIGTERM'),
        Object.hasOwn(require('node:http').Server.prototype, 'emit'), process.env.__NEXT_PRIVATE_STANDALONE_CONFIG);
      new Worker('console.log(Symbol.for("@next/cache-handlers") in globalThis)', { eval: true });`,
    );
    const child = spawn(process.execPath, ['--import', preload, script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [output, code] = await Promise.all([text(child.stdout), ended(child)]);
    expect([output, code]).toEqual(['false 0 false undefined\nfalse\n', 0]);
  });

  it('keeps connections for longer than the balancer does', async () => {
    const idle = 1000;
    const server = await StartedServer.start(app, {
      environment: { ...stores.environment, [Environment.LOAD_BALANCER_IDLE_TIMEOUT]: String(idle / 1000) },
    });
    expect(server.log('server.started')?.keepAlive).toBe(idle + 5000);
    // Gaps around the balancer's timeout; a balancer that has just taken a connection for alive still uses it.
    const gaps = [0.1, 0.5, 0.9, 0.99, 1, 1.01, 1.1, 1.5, 2.5];
    const answers = await Promise.all(gaps.map((gap) => askTwice(server.port, gap * idle)));
    expect(answers).toEqual(gaps.map(() => ({ statuses: [200, 200], sockets: 1 })));
    await server.kill();
  });
});

async function ended(child: ChildProcess): Promise<unknown> {
  const [code] = (await once(child, 'close')) as unknown[];
  return code;
}

/** Two requests on one connection, the second after a pause. */
async function askTwice(port: number, pause: number): Promise<{ statuses: number[]; sockets: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  const askOnce = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = get({ host: '127.0.0.1', port, path: '/api/dynamic', agent }, (response) => {
        response.resume().once('end', () => {
          resolve(response.statusCode ?? 0);
        });
      });
      request.on('socket', (socket) => sockets.add(socket)).on('error', reject);
    });
  const first = await askOnce();
  await new Promise((resolve) => setTimeout(resolve, pause));
  const second = await askOnce();
  agent.destroy();
  return { statuses: [first, second], sockets: sockets.size };
}
