import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { withFileLock } from '../fixtures/file-lock';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TOOL = path.join(ROOT, 'dist/bin/cdk-nextjs-ecs.js');
const START_LOCK = path.join(ROOT, 'test/fixtures/.apps/start.lock');

/** How long after a revalidation a replica may still answer with what was there before, in milliseconds. */
export const PROMISE = 2_000;

export interface Replica {
  readonly id: string;
  readonly url: string;
}

/** The line that `--json` prints. */
export interface Announcement {
  readonly url: string;
  readonly control: string;
  readonly stack: string;
  readonly replicas: readonly Replica[];
}

/** AWS calls by service and operation. */
export type Calls = Readonly<Record<string, Readonly<Record<string, number>> | undefined>>;

/** The command line tool, as a user runs it. */
export class Tool {
  readonly process: ChildProcess;
  private readonly output = { stdout: '', stderr: '' };
  private readonly closed: Promise<number | null>;

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [TOOL, ...args], {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: undefined, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const name of ['stdout', 'stderr'] as const) {
      this.process[name]?.on('data', (chunk: Buffer) => (this.output[name] += chunk.toString()));
    }
    this.closed = once(this.process, 'close').then(([code]) => code as number | null);
  }

  get stdout(): string {
    return this.output.stdout;
  }

  get stderr(): string {
    return this.output.stderr;
  }

  /** Its exit code, once it has ended. */
  async exit(): Promise<number | null> {
    return this.closed;
  }

  /** Its first line on standard output. */
  async firstLine(): Promise<string> {
    const { stdout } = this.process;
    if (!stdout) throw new Error('test/e2e: the tool has no standard output');
    const line = once(createInterface({ input: stdout }), 'line').then(([text]) => text as string);
    const ended = this.closed.then((code) => {
      throw new Error(`test/e2e: the tool ended with ${String(code)} before it was ready:\n${this.stderr}`);
    });
    return Promise.race([line, ended]);
  }
}

export interface LocalStackOptions {
  /** A built app's folder. @default - the example */
  readonly app?: string;
  readonly replicas: number;
  /** Variables of the tasks, which may name the given folder: it lives as long as the stack. */
  readonly env?: (scratch: string) => Readonly<Record<string, string>>;
  readonly environment?: NodeJS.ProcessEnv;
  /** Further arguments of the command. */
  readonly flags?: readonly string[];
}

/** `cdk-nextjs-ecs local --json`, running. */
export class RunningStack {
  static async start({ app, replicas, env, environment, flags = [] }: LocalStackOptions): Promise<RunningStack> {
    const args = ['local', '--json', '--verbose', '--port', '0', '--replicas', String(replicas), ...flags];
    if (app !== undefined) args.push('--app', app);
    const scratch = await mkdtemp(path.join(tmpdir(), 'e2e-'));
    for (const [name, value] of Object.entries(env?.(scratch) ?? {})) args.push('--env', `${name}=${value}`);
    // One after the other: two would pack the same app into the same folder, and share the processors.
    return withFileLock(START_LOCK, async () => {
      const tool = new Tool(args, environment);
      return new RunningStack(tool, JSON.parse(await tool.firstLine()) as Announcement, scratch);
    });
  }

  private constructor(
    readonly tool: Tool,
    readonly announcement: Announcement,
    private readonly scratch: string,
  ) {}

  /** The viewer's address. */
  get url(): string {
    return this.announcement.url;
  }

  get replicas(): readonly Replica[] {
    return this.announcement.replicas;
  }

  async state(): Promise<Record<string, unknown>> {
    return (await (await fetch(`${this.announcement.control}/state`)).json()) as Record<string, unknown>;
  }

  async calls(): Promise<Calls> {
    return (await (await fetch(`${this.announcement.control}/calls`)).json()) as Calls;
  }

  async resetCalls(): Promise<void> {
    await fetch(`${this.announcement.control}/calls`, { method: 'DELETE' });
  }

  /** Ctrl-C. Fulfilled with the exit code. */
  async stop(): Promise<number | null> {
    this.tool.process.kill('SIGINT');
    const code = await this.tool.exit();
    await rm(this.scratch, { recursive: true, force: true });
    return code;
  }
}
