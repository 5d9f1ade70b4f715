import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import type { NodeRuntime } from './machine';
import type { Scope } from './scope';

/** How a server is started: arguments of Node.js in a folder, without a port. */
export interface Launch {
  readonly directory: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Path that answers 200 when requests may come; without one, Next's own redirect of `//x` says so. */
  readonly health?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Milliseconds until its last byte. */
  readonly took: number;
}

/** Linux counts a process's time in hundredths of a second. */
const MILLISECONDS_A_TICK = 10;
/** For how long a server may take to start, or to stop. */
const PATIENCE = 60_000;
const POLL = 3;

/** A Next.js server in a process of its own. */
export class BenchServer {
  /** Starts and waits until requests may come. */
  static async start(launch: Launch, node: NodeRuntime, scope: Scope): Promise<BenchServer> {
    const port = await freePort();
    const began = performance.now();
    const child = spawn(node.executable, [...launch.command], {
      cwd: launch.directory,
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        NEXT_TELEMETRY_DISABLED: '1',
        PORT: String(port),
        HOSTNAME: '127.0.0.1',
        ...launch.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = new BenchServer(child, port, began);
    scope.defer(() => server.stop());
    await server.untilReady(launch.health);
    return server;
  }

  /** Milliseconds from its start until requests might come. */
  readyAfter = Number.NaN;
  private readonly output: string[] = [];

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
    private readonly began: number,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output.push(text);
        if (this.output.length > 200) this.output.shift();
      });
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Milliseconds of CPU since its start; NaN where the system does not tell. */
  get cpu(): number {
    return this.ofProcess((pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * MILLISECONDS_A_TICK;
    });
  }

  /** Resident memory in MiB; NaN where the system does not tell. */
  get memory(): number {
    return this.ofProcess((pid) => {
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
    });
  }

  ask(path: string, { method = 'GET', body }: { method?: string; body?: object } = {}): Promise<Answer> {
    const since = performance.now();
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-type': 'application/json' };
      const sent = request({ host: '127.0.0.1', port: this.port, path, method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0, headers: answered } = response;
          const took = performance.now() - since;
          resolve({ status: statusCode, headers: answered, body: Buffer.concat(chunks).toString(), took });
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** Asks and insists on an answer of 200. */
  async get(path: string): Promise<Answer> {
    const answer = await this.ask(path);
    if (answer.status === 200) return answer;
    throw new Error(`bench: ${path} answered ${answer.status}: ${answer.body.slice(0, 300)}\n${this.said}`);
  }

  async revalidate(tag: string): Promise<void> {
    const { status, body } = await this.ask('/api/revalidate', { method: 'POST', body: { tags: [tag] } });
    if (status !== 200) throw new Error(`bench: the revalidation answered ${status}: ${body}\n${this.said}`);
  }

  /** Asks until the page comes from the cache. */
  async warm(path: string): Promise<void> {
    await until(`${path} is a hit`, async () => {
      const { headers } = await this.get(path);
      return headers['x-nextjs-cache'] === 'HIT';
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await closed;
  }

  /** The last that it printed. */
  get said(): string {
    return this.output.join('').slice(-2000);
  }

  private async untilReady(health: string | undefined): Promise<void> {
    await until('the server answers', async () => {
      if (this.child.exitCode !== null) throw new Error(`bench: the server ended at its start:\n${this.said}`);
      const answer = await this.ask(health ?? '//x').catch(() => undefined);
      return answer?.status === (health === undefined ? 308 : 200);
    });
    this.readyAfter = performance.now() - this.began;
  }

  private ofProcess(read: (pid: number) => number): number {
    try {
      return read(this.child.pid ?? -1);
    } catch {
      return Number.NaN;
    }
  }
}

/** Waits for a condition, and says which one did not come. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`bench: waited ${PATIENCE / 1000} s in vain until ${what}`);
    await delay(POLL);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
