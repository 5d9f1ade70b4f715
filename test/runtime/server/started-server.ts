import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { Environment, Health } from '../../../contract';
import { type Answered, type AskOptions, ask } from '../with-server';
import type { PackedApp } from './packed-app';

export interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly [field: string]: unknown;
}

export interface StartOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Arguments of `node` in place of the packed ones. */
  readonly command?: readonly string[];
}

/** A process that runs a packed app exactly as its container would. */
export class StartedServer {
  /** Starts and waits until the health check succeeds. */
  static async start(app: PackedApp, options: StartOptions): Promise<StartedServer> {
    const server = await StartedServer.spawn(app, options);
    await server.untilHealthy();
    return server;
  }

  /** Starts and does not wait. */
  static async spawn(
    app: PackedApp,
    { environment, command = app.facts.server.command }: StartOptions,
  ): Promise<StartedServer> {
    const port = await freePort();
    const child = spawn(process.execPath, [...command], {
      cwd: path.join(app.root, app.facts.server.directory),
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        NEXT_TELEMETRY_DISABLED: '1',
        PORT: String(port),
        HOSTNAME: '127.0.0.1',
        // Short, because tests stop many servers; what has to wait is told to.
        [Environment.STOP_TIMEOUT]: '20',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new StartedServer(child, port);
  }

  /** Everything that the process printed, by line. */
  readonly output: string[] = [];
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => this.output.push(line));
    }
    this.ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null);
  }

  get logLines(): readonly LogLine[] {
    return this.output.flatMap((line) => (line.startsWith('{"time"') ? [JSON.parse(line) as LogLine] : []));
  }

  log(event: string): LogLine | undefined {
    return this.logLines.find((line) => line.event === event);
  }

  ask(target: string, options?: AskOptions): Promise<Answered> {
    return ask(this.port, target, options);
  }

  async health(): Promise<Answered> {
    return this.ask(Health.PATH);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async stop(): Promise<number | NodeJS.Signals | null> {
    this.signal('SIGTERM');
    return this.ended;
  }

  /** For the end of a test, where how it ends does not matter. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  private async untilHealthy(): Promise<void> {
    let over = false;
    void this.ended.then(() => {
      over = true;
    });
    await until(async () => {
      if (over) throw new Error(`The server ended before it was healthy:\n${this.output.join('\n')}`);
      return (await this.health().catch(() => undefined))?.status === 200;
    });
  }
}

/** Waits for a condition; the test's own time limit bounds it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 25));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
