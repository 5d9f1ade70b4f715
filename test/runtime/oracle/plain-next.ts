import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, stat, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { until } from '../server/started-server';
import { type Answered, ask } from '../with-server';
import { askOptions, settled, type Side, type SideOptions } from './side';

/** What a `next start` before this one may have left in the build, and what only `next dev` reads. */
const LEFT_OUT = new Set(['cache/images', 'cache/turbopack']);
/** Folders of the build output into which Next writes what it renders. */
const RENDERED = ['app', 'pages', 'route-cache'];

/** One process of plain `next start`, in a copy of the app: it writes what it renders into the build output. */
export class PlainNext implements Side {
  static async start(appDirectory: string, environment: Readonly<Record<string, string>>): Promise<PlainNext> {
    const directory = await mkdtemp(path.join(tmpdir(), 'plain-next-'));
    await copyApp(appDirectory, directory);
    const port = await freePort();
    const child = spawn(
      process.execPath,
      ['node_modules/next/dist/bin/next', 'start', '-p', String(port), '-H', '127.0.0.1'],
      {
        cwd: directory,
        env: { PATH: process.env.PATH, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', ...environment },
        stdio: 'ignore',
      },
    );
    const server = new PlainNext(child, port, directory);
    // Next's own router answers this; nothing of the app is asked, so nothing is rendered yet.
    await until(async () => (await ask(port, '//x').catch(() => undefined))?.status === 308);
    return server;
  }

  readonly name = 'plain next start';

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    private readonly directory: string,
  ) {}

  async ask(target: string, options: SideOptions = {}): Promise<Answered> {
    const before = await this.lastWritten(target);
    const answer = await ask(this.port, target, askOptions(this.port, options));
    // Prefetches regenerate nothing.
    const regenerates = answer.headers['x-nextjs-cache'] === 'STALE' && !isPrefetch(options);
    // Next writes what it has rendered once it serves that.
    if (regenerates || options.makesShell === true)
      await settled(`${target} is rendered anew`, async () => (await this.lastWritten(target)) > before);
    return answer;
  }

  /** Everything that the build prerendered, as one text. */
  async prerendered(): Promise<string> {
    const files = await this.renderedFiles();
    return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\n');
  }

  async kill(): Promise<void> {
    const ended = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await ended;
    await rm(this.directory, { recursive: true, force: true });
  }

  /** When the page, or what its data is kept as, was last written. */
  private async lastWritten(target: string): Promise<number> {
    const page = target.replace(/\?.*$/, '').replace(/^\/_next\/data\/[^/]+|\.json$/g, '');
    const files = await this.renderedFiles();
    const own = files.filter((file) => file.endsWith(`${page === '/' ? '/index' : page}.html`));
    const times = own.map(async (file) => (await stat(file)).mtimeMs);
    return Math.max(0, ...(await Promise.all(times)));
  }

  private async renderedFiles(): Promise<string[]> {
    const folders = RENDERED.map(async (folder) => {
      const root = path.join(this.directory, '.next', 'server', folder);
      const entries = await readdir(root, { recursive: true }).catch(() => []);
      return entries.filter((name) => /\.(html|rsc|json|meta|body)$/.test(name)).map((name) => path.join(root, name));
    });
    return (await Promise.all(folders)).flat();
  }
}

export function isPrefetch({ headers = {} }: SideOptions): boolean {
  return headers['next-router-prefetch'] !== undefined || headers['next-router-segment-prefetch'] !== undefined;
}

async function copyApp(from: string, to: string): Promise<void> {
  const build = path.join(from, '.next');
  await cp(from, to, {
    recursive: true,
    // Prerendered pages are as old as their files.
    preserveTimestamps: true,
    filter: (source) => {
      const name = path.relative(from, source);
      if (name === 'node_modules' || name.startsWith('.cdk-nextjs-ecs')) return false;
      return !LEFT_OUT.has(path.relative(build, source));
    },
  });
  await symlink(path.join(from, 'node_modules'), path.join(to, 'node_modules'));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
