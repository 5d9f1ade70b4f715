import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, realpathSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { packBundle, type PackedBundle } from '../../../local/bundle';
import { walk } from '../../../local/bundle/files';
import { silentProgress } from '../../../local/progress';
import { prepareExample } from '../../fixtures/prepare';
import { makeLastingFolder } from './app-folder';

/** What the preload does for Next.js itself, without what it does for the cache. */
const HAND_OVER_CONFIGURATION = `data:text/javascript,${encodeURIComponent(`
  import { readFileSync } from 'node:fs';
  const { config } = JSON.parse(readFileSync('.next/required-server-files.json', 'utf8'));
  process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(config);
`)}`;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The packed server, far from the app's folder, so that it finds only what was packed. */
class PackedServer {
  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    private readonly output: string[],
  ) {}

  static async start({ directory, facts }: PackedBundle): Promise<PackedServer> {
    const port = await freePort();
    const [, , ...command] = facts.server.command;
    const args = ['--import', HAND_OVER_CONFIGURATION, ...command, '-p', String(port), '-H', '127.0.0.1'];
    const child = spawn(process.execPath, args, {
      cwd: join(directory, 'server', facts.server.directory),
      env: { PATH: process.env.PATH, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
    });
    const server = new PackedServer(`http://127.0.0.1:${String(port)}`, child, []);
    await server.ready();
    return server;
  }

  /** Everything that the server has said so far. */
  get log(): string {
    return this.output.join('');
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) {
      this.child.kill('SIGKILL');
      await once(this.child, 'exit');
    }
  }

  private async ready(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer): void => {
        this.output.push(chunk.toString());
        if (this.log.includes('Ready in')) resolve();
      };
      this.child.stdout?.on('data', hear);
      this.child.stderr?.on('data', hear);
      this.child.once('exit', () => {
        reject(new Error(`the packed server ended:\n${this.log}`));
      });
    });
  }
}

describe('a packed app', () => {
  const folder = makeLastingFolder();
  let app: string;
  let bundle: PackedBundle;
  let server: PackedServer;

  beforeAll(async () => {
    app = await prepareExample('storefront');
    bundle = await packBundle({
      appDirectory: app,
      outDirectory: join(folder, 'bundle'),
      skipBuild: true,
      target: { os: process.platform, arch: process.arch },
      progress: silentProgress,
    });
    server = await PackedServer.start(bundle);
  });

  afterAll(() => server.stop());

  it('serves prerendered pages', async () => {
    const response = await server.fetch('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('x-nextjs-cache')).toBe('HIT');
  });

  it('renders pages, routes and the Pages Router on demand', async () => {
    const paths = ['/account', '/stream', '/legacy', '/api/stock', '/news'];
    const responses = await Promise.all(paths.map((path) => server.fetch(path)));
    expect(responses.map(({ status }) => status)).toEqual(paths.map(() => 200));
  });

  it('optimizes images', async () => {
    const gallery = await (await server.fetch('/gallery')).text();
    const [source] = /\/_next\/image\?[^" ]+/.exec(gallery) ?? [];
    const response = await server.fetch((source ?? '').replaceAll('&amp;', '&'), { headers: { accept: 'image/webp' } });
    expect(response.headers.get('content-type')).toBe('image/webp');
  });

  it('serves every static file itself, for the CDN has it from the same build', async () => {
    const root = join(bundle.directory, 'static');
    const keys = [...walk(root)].map((file) => file.slice(root.length + 1));
    const chunk = keys.find((key) => key.endsWith('.js')) ?? '';
    const response = await server.fetch(`/${chunk}`);
    expect(await response.text()).toBe(readFileSync(join(root, chunk), 'utf8'));
    expect(keys.every((key) => key.startsWith('_next/static/'))).toBe(true);
  });

  it('holds no source, source map, trace or link that leads out', () => {
    const root = realpathSync(join(bundle.directory, 'server'));
    const files = [...walk(root)];
    expect(files.filter((file) => /\.(tsx?|js\.map|nft\.json)$/.test(file))).toEqual([]);
    expect(files.filter((file) => !realpathSync(file).startsWith(root))).toEqual([]);
  });

  it('was built before it was packed', () => {
    expect(bundle.facts.buildTime).toBeLessThan(bundle.facts.builtAt);
    expect(bundle.facts.buildId).toBe(readFileSync(join(app, '.next/BUILD_ID'), 'utf8'));
  });

  it('says nothing worth a look', () => {
    expect(server.log).not.toMatch(/error|warn|⨯|⚠|not found/i);
  });
});
