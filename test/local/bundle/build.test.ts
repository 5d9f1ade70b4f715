import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import { findApp } from '../../../local/bundle/app';
import { packageManager, runBuild } from '../../../local/bundle/build';
import { silentProgress } from '../../../local/progress';
import { type Files, makeFolder, nextPackage } from './app-folder';

const noted = "require('fs').writeFileSync('noted', process.argv.slice(2).join() + ' ' + process.env.NODE_ENV);";

function tryRead(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') || undefined : undefined;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function appWith(files: Files) {
  return findApp(makeFolder({ 'package.json': {}, ...nextPackage(), ...files }));
}

describe("running the app's build", () => {
  it('runs next build in production mode where the app has no build script', async () => {
    const app = appWith({ 'node_modules/next/dist/bin/next': noted });
    const before = Date.now();
    const began = await runBuild(app, silentProgress);
    expect(readFileSync(join(app.directory, 'noted'), 'utf8')).toBe('build production');
    expect(began).toBeGreaterThanOrEqual(before);
    expect(began).toBeLessThanOrEqual(Date.now());
  });

  it("runs the app's own script", async () => {
    const app = appWith({
      'package.json': { scripts: { build: 'node own.js' } },
      'own.js': noted,
      'package-lock.json': {},
    });
    await runBuild(app, silentProgress);
    expect(existsSync(join(app.directory, 'noted'))).toBe(true);
  });

  it('says with which exit code the build failed', async () => {
    const app = appWith({ 'node_modules/next/dist/bin/next': 'process.exit(3)' });
    await expect(runBuild(app, silentProgress)).rejects.toThrow(
      /"next build" in .* failed with exit code 3: see its output/,
    );
  });

  it('says which signal ended the build', async () => {
    const app = appWith({ 'node_modules/next/dist/bin/next': "process.kill(process.pid, 'SIGKILL')" });
    await expect(runBuild(app, silentProgress)).rejects.toThrow(/was ended by SIGKILL/);
  });

  it('ends the build when it is ended itself', async () => {
    const app = appWith({
      'node_modules/next/dist/bin/next':
        "require('fs').writeFileSync('pid', String(process.pid)); setInterval(() => {}, 1000);",
    });
    const script = `
      const { findApp } = require(${JSON.stringify(resolve('local/bundle/app.ts'))});
      const { runBuild } = require(${JSON.stringify(resolve('local/bundle/build.ts'))});
      const { silentProgress } = require(${JSON.stringify(resolve('local/progress.ts'))});
      void runBuild(findApp(${JSON.stringify(app.directory)}), silentProgress);
    `;
    const packer = spawn(process.execPath, ['--import', 'tsx', '--input-type=commonjs', '-e', script], {
      stdio: 'ignore',
    });
    const pid = await vi.waitUntil(() => tryRead(join(app.directory, 'pid')), { timeout: 30_000 });
    packer.kill('SIGTERM');
    expect(await once(packer, 'exit')).toEqual([null, 'SIGTERM']);
    await vi.waitUntil(() => !isRunning(Number(pid)), { timeout: 30_000 });
  });

  it('says that the package manager is not installed', async () => {
    const app = appWith({ 'package.json': { scripts: { build: 'x' }, packageManager: 'nosuchmanager@1.0.0' } });
    await expect(runBuild(app, silentProgress)).rejects.toThrow(
      /cannot run "nosuchmanager run build": nosuchmanager is not on the PATH.*--skip-build/,
    );
  });
});

describe('the package manager', () => {
  it.each([
    ['package-lock.json', 'npm'],
    ['pnpm-lock.yaml', 'pnpm'],
    ['yarn.lock', 'yarn'],
    ['bun.lock', 'bun'],
  ])('of %s is %s', (file, expected) => {
    expect(packageManager(appWith({ [file]: '' }))).toBe(expected);
  });

  it('is that of the nearest lock file', () => {
    const root = makeFolder({ 'pnpm-lock.yaml': '', 'apps/web/package.json': {}, ...nextPackage() });
    expect(packageManager(findApp(join(root, 'apps/web')))).toBe('pnpm');
  });

  it('is the one that the root of a monorepo asks for, whatever lies further up', () => {
    const root = makeFolder({
      'package-lock.json': {},
      'shop/package.json': { packageManager: 'bun@1.2.0' },
      'shop/apps/web/package.json': {},
      ...nextPackage(),
    });
    expect(packageManager(findApp(join(root, 'shop/apps/web')))).toBe('bun');
  });

  it('of a workspace of pnpm is pnpm, before anything was installed', () => {
    const root = makeFolder({ 'pnpm-workspace.yaml': '', 'apps/web/package.json': {}, ...nextPackage() });
    expect(packageManager(findApp(join(root, 'apps/web')))).toBe('pnpm');
  });

  it('is the one that the app asks for, or npm, without a lock file', () => {
    expect(packageManager(appWith({ 'package.json': { packageManager: 'yarn@4.1.0+sha224.abc' } }))).toBe('yarn');
    expect(packageManager(appWith({}))).toBe('npm');
  });
});
