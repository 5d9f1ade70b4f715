import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { freePort } from '../../../local/fleet/free-port';
import { startEdge, type TestOrigin, until } from './support';

/** A cache in front of an origin: ours, or one of those that have done the same for decades. */
export interface CachingProxy {
  readonly port: number;
  close(): Promise<void>;
}

export interface CachingProxyMaker {
  readonly name: string;
  /** Whether this machine has it. */
  readonly isInstalled: boolean;
  start(origin: TestOrigin): Promise<CachingProxy>;
}

const edge: CachingProxyMaker = {
  name: 'our edge',
  isInstalled: true,
  start: async (origin) => {
    const { port } = await startEdge(origin, { options: { now: Date.now } });
    // `closeAll` ends it.
    return { port, close: () => Promise.resolve() };
  },
};

/** @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_use_stale */
const nginx: CachingProxyMaker = {
  name: 'nginx',
  isInstalled: isInstalled('nginx', '-v'),
  start: (origin) =>
    startProgram(async (directory, port) => {
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (name) => `${name}_temp_path ${directory}/${name};`,
      );
      const configuration = `
        daemon off; master_process off; pid ${directory}/pid;
        events {}
        http {
          access_log off; ${temporary.join(' ')}
          proxy_cache_path ${directory}/cache keys_zone=edge:1m;
          server {
            listen 127.0.0.1:${port};
            location / {
              proxy_pass http://127.0.0.1:${origin.port}; proxy_http_version 1.1; proxy_set_header Connection "";
              proxy_cache edge; proxy_cache_key $uri;
              proxy_cache_use_stale updating error; proxy_cache_background_update on;
              proxy_cache_lock on; proxy_cache_lock_age 1m; proxy_cache_lock_timeout 1m;
            }
          }
        }`;
      await writeFile(join(directory, 'nginx.conf'), configuration);
      return ['nginx', '-p', directory, '-e', join(directory, 'error.log'), '-c', join(directory, 'nginx.conf')];
    }),
};

/** @see https://varnish-cache.org/docs/7.1/users-guide/vcl-grace.html */
const varnish: CachingProxyMaker = {
  name: 'varnish',
  isInstalled: isInstalled('varnishd', '-V'),
  start: (origin) =>
    startProgram(async (directory, port) => {
      const file = join(directory, 'default.vcl');
      await writeFile(file, `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${origin.port}"; }`);
      const address = `127.0.0.1:${port}`;
      return ['varnishd', '-F', '-j', 'none', '-n', directory, '-a', address, '-f', file, '-s', 'malloc,16m'];
    }),
};

export const CACHING_PROXIES: readonly CachingProxyMaker[] = [edge, nginx, varnish];

function isInstalled(program: string, versionOption: string): boolean {
  const found = spawnSync(program, [versionOption]).error === undefined;
  if (found || process.env.CI === undefined) return found;
  throw new Error(`${program} is not installed: .ci/run installs it, as a second opinion on caching.`);
}

async function startProgram(configure: (directory: string, port: number) => Promise<string[]>): Promise<CachingProxy> {
  const directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  const port = await freePort();
  const [program = '', ...args] = await configure(directory, port);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await untilListening(child, port, () => output);
  return {
    port,
    close: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function untilListening(child: ChildProcess, port: number, output: () => string): Promise<void> {
  let state: 'starting' | 'listening' | 'ended' = 'starting';
  child.once('exit', () => (state = 'ended'));
  const ask = async (): Promise<void> => {
    while (state === 'starting') {
      const answer = await fetch(`http://127.0.0.1:${port}/is-listening`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer !== undefined) state = 'listening';
    }
  };
  void ask();
  await until(() => state !== 'starting');
  if (state === ('ended' as string)) throw new Error(`${child.spawnfile} ended: ${output()}`);
}
