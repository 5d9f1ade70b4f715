import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareAssets, prepareExample } from '../fixtures/prepare';
import { RunningStack, Tool } from './local-stack';

let scratch: string;

beforeAll(async () => {
  await prepareAssets();
  await prepareExample('storefront');
  scratch = await mkdtemp(path.join(tmpdir(), 'command-test-'));
});

afterAll(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** What a command says on standard error, without line end, and its exit code. */
async function run(...args: string[]): Promise<{ code: number | null; said: string; stdout: string }> {
  const tool = new Tool(args);
  const code = await tool.exit();
  return { code, said: tool.stderr.trimEnd(), stdout: tool.stdout };
}

describe('cdk-nextjs-ecs', () => {
  it.each(['--help', 'build --help', 'local --help'])('%s is worth reading', async (line) => {
    const { code, stdout } = await run(...line.split(' '));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: cdk-nextjs-ecs/);
    expect(stdout).toContain('Examples:');
  });

  it('names every option of local that the documentation promises', async () => {
    const { stdout } = await run('local', '--help');
    const options = [
      '--app',
      '--assembly',
      '--stack',
      '--port',
      '--replicas',
      '--env',
      '--control-port',
      '--json',
      '--container',
    ];
    for (const option of options) expect(stdout).toContain(option);
  });
});

describe('cdk-nextjs-ecs local', () => {
  it('refuses a busy port in one line, with exit code 2', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, said } = await run('local', '--port', String(port));
    server.close();
    expect(code).toBe(2);
    expect(said.split('\n')).toHaveLength(1);
    expect(said).toContain(`port ${port} is in use`);
  });

  it('refuses an app without a build in one line that says what to run, with exit code 2', async () => {
    const app = path.join(scratch, 'unbuilt');
    await mkdir(app);
    await writeFile(path.join(app, 'package.json'), JSON.stringify({ name: 'unbuilt', dependencies: { next: '*' } }));
    await symlink(path.join(await prepareExample('storefront'), 'node_modules'), path.join(app, 'node_modules'));
    const { code, said } = await run('local', '--port', '0', '--app', app);
    expect(code).toBe(2);
    expect(said.split('\n').at(-1)).toMatch(/^cdk-nextjs-ecs local: .*Run: npx cdk-nextjs-ecs build/);
  });

  it('refuses an unknown stack with exit code 2, and names the ones that there are', async () => {
    const { code, said } = await run('local', '--port', '0', '--stack', 'Nowhere');
    expect(code).toBe(2);
    expect(said.split('\n').at(-1)).toMatch(/^cdk-nextjs-ecs.*Nowhere/);
  });

  it.each([
    ['--replicas', '0'],
    ['--port', 'http'],
    ['--env', 'NO_VALUE'],
    ['--app', '/nowhere/at/all'],
    ['--frobnicate', ''],
  ])('refuses %s %s with exit code 2', async (option, value) => {
    const { code, said } = await run('local', option, ...(value === '' ? [] : [value]));
    expect(code).toBe(2);
    expect(said.split('\n')).toHaveLength(1);
    expect(said).toContain(option);
  });

  it('leaves no process and no file behind at Ctrl-C', async () => {
    const temporary = path.join(scratch, 'temporary');
    await mkdir(temporary);
    const stack = await RunningStack.start({ replicas: 2, environment: { TMPDIR: temporary } });
    const processes = descendants(stack.tool.process.pid);
    expect(processes.length).toBeGreaterThanOrEqual(2);
    expect((await fetch(stack.url)).status).toBe(200);
    expect(await stack.stop()).toBe(0);
    expect(processes.filter(isAlive)).toEqual([]);
    // In a clone, tsx keeps what it has compiled for its next use, whoever that is.
    expect((await readdir(temporary)).filter((name) => !name.startsWith('tsx-'))).toEqual([]);
    for (const url of [stack.url, stack.announcement.control, ...stack.replicas.map((replica) => replica.url)]) {
      await expect(fetch(url)).rejects.toThrow();
    }
  });
});

function descendants(root: number | undefined): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  const pairs = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const children = (parent: number | undefined): number[] =>
    pairs.flatMap(([pid = 0, ppid]) => (ppid === parent ? [pid, ...children(pid)] : []));
  return children(root);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
