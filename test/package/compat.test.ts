import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';

import { scratch, write } from '../lib/bundle';

const ROOT = resolve(import.meta.dirname, '../..');

interface Member {
  name: string;
  type?: unknown;
}

interface Assembly {
  version: string;
  types: Record<string, { properties?: Member[] }>;
}

/** The folder of an API that differs from the current one as `change` makes it. */
function baseline(change: (assembly: Assembly) => void): string {
  const assembly = JSON.parse(readFileSync(join(ROOT, '.jsii'), 'utf8')) as Assembly;
  change(assembly);
  const directory = scratch();
  write(join(directory, '.jsii'), JSON.stringify(assembly));
  write(join(directory, 'package.json'), readFileSync(join(ROOT, 'package.json'), 'utf8'));
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  return directory;
}

async function compat(options: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['scripts/compat.mjs', ...options], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output: stdout + stderr };
}

/** A registry of packages that answers everything with one status. */
async function registry(status: number): Promise<Record<string, string>> {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_fetch_retries: '0' };
}

const siteProps = ({ types }: Assembly): Member[] => types['cdk-nextjs-ecs.NextjsSiteProps']?.properties ?? [];

describe('the comparison with what is published', () => {
  it('says so where nothing is published', async () => {
    expect(await compat([], await registry(404))).toMatchObject({
      code: 0,
      output: expect.stringContaining('Nothing of cdk-nextjs-ecs is published yet') as string,
    });
  });

  it('takes no trouble of the registry for a package that is not published', async () => {
    expect(await compat([], await registry(500))).toMatchObject({
      code: 1,
      output: expect.stringContaining('npm cannot say what is published') as string,
    });
  });

  it('finds nothing in an API that is the same', async () => {
    const { code, output } = await compat([baseline(() => undefined)]);
    expect(output).toMatch(/is compatible with/);
    expect(code).toBe(0);
  });

  it('refuses to take a property away within a minor version, and names it', async () => {
    const before = baseline((assembly) => {
      siteProps(assembly).push({ ...siteProps(assembly).find(({ name }) => name === 'purge'), name: 'takenAway' });
    });
    const { code, output } = await compat([before]);
    expect(output).toContain('takenAway');
    expect(output).toMatch(/breaks users of/);
    expect(code).toBe(1);
  });

  it('lets the next minor version below 1.0 break users', async () => {
    const before = baseline((assembly) => {
      assembly.version = '0.0.9';
      siteProps(assembly).push({ ...siteProps(assembly).find(({ name }) => name === 'purge'), name: 'takenAway' });
    });
    const { code, output } = await compat([before]);
    expect(output).toContain('takenAway');
    expect(code).toBe(0);
  });
});
