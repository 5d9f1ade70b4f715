import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';

import { temporaryFolder } from '../harness/app';
import type { Ground } from '../harness/lab';
import { nextStart } from './next-start';
import type { Peer } from './peer';

const servers = new WeakMap<Ground, Promise<number>>();

/** A handler over one Redis server, set up as its documentation says. */
export const redis: Peer = {
  name: 'redis',
  title: 'Redis',
  missing: () =>
    spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'there is no redis-server on this machine',
  launch: async (ground, _name, scope) =>
    nextStart(ground, scope, {
      NEXT_CACHE_HANDLER_PATH: path.join(import.meta.dirname, 'redis-handler.mjs'),
      REDIS_URL: `redis://127.0.0.1:${await redisPort(ground)}`,
    }),
};

/** Port of the one server of a ground. */
export function redisPort(ground: Ground): Promise<number> {
  const port = servers.get(ground) ?? startRedis(ground);
  servers.set(ground, port);
  return port;
}

async function startRedis(ground: Ground): Promise<number> {
  const port = await freePort();
  const directory = temporaryFolder(ground.lab.scope);
  const options = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'no',
  ];
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  ground.lab.scope.defer(async () => {
    const closed = once(server, 'close');
    server.kill('SIGKILL');
    await closed;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('exit', () => {
      reject(new Error('bench: redis-server ended at its start'));
    });
    server.stdout.on('data', (output) => {
      if (String(output).includes('Ready to accept connections')) resolve();
    });
  });
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
