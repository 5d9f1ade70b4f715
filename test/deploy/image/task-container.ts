import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { type Answered, type AskOptions, ask } from '../../runtime/with-server';
import { until } from '../../runtime/server/started-server';
import type { ImageStorage } from './image-storage';
import type { Task } from './task';

export interface StartOptions {
  readonly image: string;
  readonly task: Task;
  /** Where the AWS services are, and what a test adds. */
  readonly environment: Readonly<Record<string, string>>;
}

const LOOPBACK = '127.0.0.1';
let started = 0;

/**
 * A container that runs as its task definition says: command, variables, read-only root, volumes, memory. On the machine's own network, where
 * the embedded stores are, with a port of its own on loopback.
 */
export class TaskContainer {
  /** Starts and waits until the load balancer would call it healthy. */
  static async start(storage: ImageStorage, options: StartOptions): Promise<TaskContainer> {
    const container = new TaskContainer(storage, options, await freePort());
    await until(async () => {
      if (container.hasEnded) throw new Error(`test/deploy: the container ended:\n${container.output.join('')}`);
      return container.isHealthy();
    });
    container.pid = Number(await storage.podman('inspect', '--format', '{{.State.Pid}}', container.name));
    return container;
  }

  /** Everything that it printed, in pieces. */
  readonly output: string[] = [];
  /** Its process 1 as this machine numbers it. */
  pid = 0;
  private readonly name: string;
  private readonly process: ChildProcess;
  /** Its exit code. */
  private readonly ended: Promise<number>;

  private constructor(
    private readonly storage: ImageStorage,
    private readonly options: StartOptions,
    private readonly port: number,
  ) {
    started += 1;
    this.name = `task-${started}`;
    this.process = spawn('podman', storage.podmanArguments(this.runArguments), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.output.push(chunk.toString()));
    }
    this.ended = once(this.process, 'close').then(([code]) => code as number);
  }

  ask(path: string, options?: AskOptions): Promise<Answered> {
    return ask(this.port, path, options);
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`http://${LOOPBACK}:${this.port}${path}`, init);
  }

  async isHealthy(): Promise<boolean> {
    const { path, status } = this.options.task.healthCheck;
    return (await this.ask(path).catch(() => undefined))?.status === status;
  }

  /** What the kernel says of process 1, for example `proc('maps')`. */
  proc(file: string): string {
    return readFileSync(`/proc/${this.pid}/${file}`, 'utf8');
  }

  /** Runs JavaScript in the container, as its user. Fulfilled with what it printed. */
  evaluate(script: string): Promise<string> {
    return this.storage.podman('exec', this.name, 'node', '-e', script);
  }

  /** As ECS stops a task: SIGTERM and, once the stop timeout has passed, SIGKILL. Fulfilled with the exit code. */
  async stop(): Promise<number> {
    await this.storage.podman('stop', this.name);
    return this.ended;
  }

  /** For the end of a test, where how it ends does not matter. */
  async remove(): Promise<void> {
    await this.storage.podman('rm', '--force', '--time', '0', '--volumes', this.name);
    await this.ended;
  }

  private get hasEnded(): boolean {
    return this.process.exitCode !== null;
  }

  private get runArguments(): string[] {
    const { container, memory, hasReadonlyRoot, mountPoints } = this.options.task;
    const { image, environment } = this.options;
    // HOSTNAME and PORT are what a standalone server listens to.
    const variables = { ...container.environment, HOSTNAME: LOOPBACK, PORT: String(this.port), ...environment };
    return [
      ...['run', '--name', this.name, '--network', 'host', '--runtime', 'runc'],
      // A machine that is a container itself may not have podman's own, higher limits to give.
      ...['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'],
      // Podman would make /tmp and others writable by itself.
      ...(hasReadonlyRoot ? ['--read-only', '--read-only-tmpfs=false'] : []),
      ...['--memory', String(memory), '--stop-timeout', String(container.stopTimeout / 1000)],
      ...mountPoints.flatMap(({ volume, path }) => ['--volume', `${this.name}-${volume}:${path}`]),
      ...Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
      ...(container.workingDirectory === undefined ? [] : ['--workdir', container.workingDirectory]),
      image,
      ...this.command(container.command ?? []),
    ];
  }

  /** The task definition's command, on this container's own port, and on loopback only. */
  private command(words: readonly string[]): string[] {
    const placed = words.map((word, index) => (words[index - 1] === '-p' ? String(this.port) : word));
    return words.includes('start') ? [...placed, '-H', LOOPBACK] : placed;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
