import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import type { LocalStackState } from '../../../local/stack';
import { synthesizePlainStack } from '../stack/plain-stack';
import { clientOf } from '../stores/dynamodb-client';

let directory: string;
let plain: { assembly: string; server: string };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  plain = await synthesizePlainStack(directory);
});

afterAll(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));

interface Tool {
  readonly process: ChildProcess;
  readonly exit: Promise<number | null>;
  /** Where it keeps its files. */
  readonly temporary: string;
  stdout: string;
  stderr: string;
}

/** The command line tool as a user runs it. */
async function run(...args: string[]): Promise<Tool> {
  const temporary = await mkdtemp(join(directory, 'temporary-'));
  const child = spawn(process.execPath, ['--import', 'tsx', 'bin/cdk-nextjs-ecs.ts', ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  const tool: Tool = { process: child, exit, temporary, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (tool.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (tool.stderr += chunk.toString()));
  return tool;
}

interface Announcement {
  readonly url: string;
  readonly control: string;
  readonly stack: string;
  readonly replicas: readonly { readonly url: string; readonly pid: number }[];
}

/** Runs the plain stack; fulfilled once it has printed its line. */
async function runPlain(...args: string[]): Promise<{ tool: Tool; announcement: Announcement }> {
  const tool = await run(
    'local',
    '--assembly',
    plain.assembly,
    '--container',
    `web=${plain.server}`,
    '--port',
    '0',
    '--json',
    ...args,
  );
  if (tool.process.stdout === null) throw new Error('no standard output');
  const line = once(createInterface({ input: tool.process.stdout }), 'line').then(([text]) => text as string);
  const ended = tool.exit.then((code) => {
    throw new Error(`ended with ${String(code)}:\n${tool.stderr}`);
  });
  return { tool, announcement: JSON.parse(await Promise.race([line, ended])) as Announcement };
}

/** The stack's table. */
async function tableOf({ control }: Announcement) {
  const state = (await (await fetch(`${control}/state`)).json()) as LocalStackState;
  const client = clientOf(state.stores.dynamodb);
  onTestFinished(() => {
    client.destroy();
  });
  const [TableName = ''] = state.stores.dynamodb.tables;
  return {
    put: (key: string) => client.send(new PutItemCommand({ TableName, Item: { pk: { S: key } } })),
    keys: async () => (await client.send(new ScanCommand({ TableName }))).Items?.map(({ pk }) => pk?.S),
  };
}

/** What is left of tsx is its own cache. */
async function leftFiles({ temporary }: Tool): Promise<string[]> {
  return (await readdir(temporary)).filter((name) => name.startsWith('cdk-nextjs-ecs'));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('cdk-nextjs-ecs local', () => {
  it('runs an assembly, and says where in one line of JSON', async () => {
    const { tool, announcement } = await runPlain('--replicas', '1', '--env', 'GREETING=hello');
    expect(announcement).toMatchObject({ stack: 'Plain', replicas: [{ id: 'replica-1', state: 'healthy' }] });
    expect(announcement.url).toMatch(/^http:\/\/localhost:\d+$/);
    expect(announcement.control).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${announcement.url}/who`)).json()).toMatchObject({ greeting: 'hello' });
    expect(tool.stderr).toContain('not run: AWS::SNS::Topic');
    expect(tool.stdout.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    ['SIGINT', 0],
    ['SIGTERM', 0],
    ['SIGHUP', 0],
    ['SIGKILL', null],
  ] as const)('leaves no process and no file behind at %s, and exits with %s', async (signal, code) => {
    const { tool, announcement } = await runPlain('--replicas', '2');
    tool.process.kill(signal);
    expect(await tool.exit).toBe(code);
    while (announcement.replicas.some(({ pid }) => isRunning(pid)) || (await leftFiles(tool)).length > 0)
      await delay(10);
  });

  it('keeps what was written into its data folder, even at SIGKILL', async () => {
    const data = join(directory, 'data');
    const first = await runPlain('--replicas', '1', '--data', data);
    const table = await tableOf(first.announcement);
    await table.put('kept');
    first.tool.process.kill('SIGKILL');
    await first.tool.exit;
    const second = await runPlain('--replicas', '1', '--data', data);
    expect(await (await tableOf(second.announcement)).keys()).toEqual(['kept']);
  });

  it('does not wait at a second Ctrl-C', async () => {
    const { tool, announcement } = await runPlain('--replicas', '1', '--env', 'STUBBORN=1');
    tool.process.kill('SIGINT');
    // What comes at once with the first one counts with it: `npm run` passes on the signal that the terminal has sent us already.
    const again = setInterval(() => tool.process.kill('SIGINT'), 50);
    expect(await tool.exit).toBe(130);
    clearInterval(again);
    expect(tool.stderr).toContain('Stopping');
    while (announcement.replicas.some(({ pid }) => isRunning(pid)) || (await leftFiles(tool)).length > 0)
      await delay(10);
  });

  it('stops at once at Ctrl-C while it is starting', async () => {
    const tool = await run('local', '--assembly', plain.assembly, '--container', `web=${plain.server}`, '--port', '0');
    while (!tool.stderr.includes('Starting replicas')) await delay(10);
    tool.process.kill('SIGINT');
    expect([0, 130]).toContain(await tool.exit);
    while ((await leftFiles(tool)).length > 0) await delay(10);
  });

  it('exits with 1 and the last lines of a replica that cannot start', async () => {
    const tool = await run(
      'local',
      '--assembly',
      plain.assembly,
      '--container',
      `web=${plain.server}`,
      '--port',
      '0',
      '--env',
      'BROKEN=1',
    );
    expect(await tool.exit).toBe(1);
    expect(tool.stderr).toMatch(
      /\ncdk-nextjs-ecs local: replica-\d ended 3 times before it was healthy[^]*no catalogue/,
    );
    expect(await leftFiles(tool)).toEqual([]);
  });

  it('refuses a port in use before it does anything else', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const { port } = server.address() as { port: number };
    const tool = await run('local', '--assembly', plain.assembly, '--port', String(port));
    expect(await tool.exit).toBe(2);
    expect(tool.stderr).toBe(
      `cdk-nextjs-ecs local: port ${port} is in use. Stop what listens there, or choose another port with --port (0 takes a free one).\n`,
    );
  });

  it.each([
    [['--stack', 'Nothing'], /^cdk-nextjs-ecs local: .*no stack named Nothing in .*; it holds Plain\.$/],
    [
      ['--env', 'NONSENSE'],
      /^cdk-nextjs-ecs local: option '--env <key=value>' argument 'NONSENSE' is invalid\. Must be KEY=VALUE/,
    ],
    [['--replicas', '0'], /^cdk-nextjs-ecs local: option '--replicas <number>' argument '0' is invalid\./],
    [['--container', 'wrong=.'], /^cdk-nextjs-ecs local: --container names "wrong", .*there are: web\.$/],
    [['--container', 'web=/does/not/exist'], /There is no folder \/does\/not\/exist\.$/],
    [['--app', '.'], /^cdk-nextjs-ecs local: --app and --assembly exclude each other/],
    [['--watch'], /^cdk-nextjs-ecs local: --watch needs the sources of --app; received --assembly\./],
    [
      ['--data', 'test'],
      /^cdk-nextjs-ecs local: the data folder .*test is not empty, and not the data of a local stack/,
    ],
    [['--frobnicate'], /^cdk-nextjs-ecs local: unknown option '--frobnicate'$/],
  ])('refuses %j in one line with exit code 2', async (args, message) => {
    const tool = await run('local', '--assembly', plain.assembly, '--port', '0', ...args);
    expect(await tool.exit).toBe(2);
    const lines = tool.stderr.trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(message);
    expect(tool.stdout).toBe('');
  });

  it('says what to run for an app without a build', async () => {
    const app = join(directory, 'unbuilt');
    await mkdir(app);
    const tool = await run('local', '--app', app, '--port', '0');
    expect(await tool.exit).toBe(2);
    expect(tool.stderr.trim()).toMatch(/^cdk-nextjs-ecs local: .*unbuilt/);
  });
});

describe('cdk-nextjs-ecs', () => {
  it.each([[['--help']], [['build', '--help']], [['local', '--help']]])(
    'explains itself with examples: %j',
    async (args) => {
      const tool = await run(...args);
      expect(await tool.exit).toBe(0);
      expect(tool.stdout).toMatch(/^Usage: cdk-nextjs-ecs/);
      expect(tool.stdout).toContain('Examples:\n  $ npx cdk-nextjs-ecs');
    },
  );

  it('explains itself when nothing is asked of it', async () => {
    const tool = await run();
    expect(await tool.exit).toBe(2);
    expect(tool.stderr).toContain('Usage: cdk-nextjs-ecs');
  });
});
