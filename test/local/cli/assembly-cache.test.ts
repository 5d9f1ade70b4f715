import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { AssemblyCache } from '../../../local/cli/assembly-cache';

let directory: string;
let cache: AssemblyCache;

function write(file: string, text: string): void {
  mkdirSync(join(directory, file, '..'), { recursive: true });
  writeFileSync(join(directory, file), text);
}

/** What the cache gives; undefined where the assembly has to be synthesized. */
async function kept(): Promise<string | undefined> {
  const destination = mkdtempSync(join(directory, 'copy-'));
  const given = await cache.tryCopyTo(join(destination, 'cdk.out'));
  return given ? readFileSync(join(destination, 'cdk.out/manifest.json'), 'utf8') : undefined;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  onTestFinished(() => {
    rmSync(directory, { recursive: true });
  });
  write('app/.cdk-nextjs-ecs/facts.json', JSON.stringify({ server: { distDirectory: '.next' } }));
  write('app/.cdk-nextjs-ecs/server/page.js', 'page');
  write('app/.next/BUILD_ID', 'build');
  write('package/lib/site.ts', 'site');
  write('cdk.out/manifest.json', 'first');
  cache = new AssemblyCache(join(directory, 'app'), join(directory, 'package'));
});

describe('the assembly of an earlier start', () => {
  it('is used again', async () => {
    expect(await kept()).toBeUndefined();
    await cache.keep(join(directory, 'cdk.out'));
    expect(await kept()).toBe('first');
  });

  it.each([
    ['a file of the bundle', 'app/.cdk-nextjs-ecs/server/page.js'],
    ['a new file of the bundle', 'app/.cdk-nextjs-ecs/server/other.js'],
    ['the constructs', 'package/lib/site.ts'],
    ['the feature flags', 'package/cdk.json'],
  ])('is not used when %s changes', async (_what, file) => {
    await cache.keep(join(directory, 'cdk.out'));
    write(file, 'something else');
    expect(await kept()).toBeUndefined();
  });

  it('makes place for the next one', async () => {
    await cache.keep(join(directory, 'cdk.out'));
    write('package/lib/site.ts', 'changed');
    write('cdk.out/manifest.json', 'second');
    await cache.keep(join(directory, 'cdk.out'));
    expect(await kept()).toBe('second');
    expect(readdirSync(join(directory, 'app/.next/cache/cdk-nextjs-ecs'))).toHaveLength(1);
  });

  it('is not kept beside a bundle that came without its build', async () => {
    rmSync(join(directory, 'app/.next'), { recursive: true });
    cache = new AssemblyCache(join(directory, 'app'), join(directory, 'package'));
    await cache.keep(join(directory, 'cdk.out'));
    expect(readdirSync(join(directory, 'app'))).toEqual(['.cdk-nextjs-ecs']);
  });

  it('is not kept where nothing can be written', async () => {
    write('app/.next/cache', 'a file in the way');
    await cache.keep(join(directory, 'cdk.out'));
    expect(await kept()).toBeUndefined();
  });
});
