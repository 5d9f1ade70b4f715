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
function kept(): string | undefined {
  const destination = join(mkdtempSync(join(directory, 'start-')), 'cdk.out');
  const given = cache.tryPlace(destination);
  return given && readFileSync(join(destination, 'manifest.json'), 'utf8');
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
    expect(kept()).toBeUndefined();
    await cache.keep(join(directory, 'cdk.out'));
    expect(kept()).toBe('first');
  });

  it.each([
    ['a file of the bundle', 'app/.cdk-nextjs-ecs/server/page.js'],
    ['a new file of the bundle', 'app/.cdk-nextjs-ecs/server/other.js'],
    ['the constructs', 'package/lib/site.ts'],
    ['the feature flags', 'package/cdk.json'],
  ])('is not used when %s changes', async (_what, file) => {
    await cache.keep(join(directory, 'cdk.out'));
    write(file, 'something else');
    expect(kept()).toBeUndefined();
  });

  it('makes place for the next one', async () => {
    await cache.keep(join(directory, 'cdk.out'));
    write('package/lib/site.ts', 'changed');
    write('cdk.out/manifest.json', 'second');
    await cache.keep(join(directory, 'cdk.out'));
    expect(kept()).toBe('second');
    expect(readdirSync(join(directory, 'app/.next/cache/cdk-nextjs-ecs'))).toHaveLength(1);
  });

  it('stays when the next one comes, once it is the stack’s own', async () => {
    await cache.keep(join(directory, 'cdk.out'));
    const destination = join(directory, 'start');
    await cache.tryPlace(destination)?.own();
    rmSync(join(directory, 'app/.next'), { recursive: true });
    expect(readFileSync(join(destination, 'manifest.json'), 'utf8')).toBe('first');
  });

  it('is used as long as it is there, when it goes before it is the stack’s own', async () => {
    await cache.keep(join(directory, 'cdk.out'));
    const placed = cache.tryPlace(join(directory, 'start'));
    rmSync(join(directory, 'app/.next'), { recursive: true });
    await expect(placed?.own()).resolves.toBeUndefined();
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
    expect(kept()).toBeUndefined();
  });
});
