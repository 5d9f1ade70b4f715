import { utimesSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { findApp } from '../../../local/bundle/app';
import { packableFiles, readBuildOutput } from '../../../local/bundle/output';
import { builtApp, type Files, makeFolder, nextPackage, productionBuild, resolvedConfig } from './app-folder';

const read = (directory: string) => readBuildOutput(findApp(directory));

/** An app without a build, whose configuration Next.js resolves to `config`. */
function appWith(config: object, files: Files = {}): string {
  const configuration = `module.exports = ${JSON.stringify({ distDir: '.next', ...config })};`;
  return makeFolder({ 'package.json': {}, ...nextPackage(), 'next.config.js': configuration, ...files });
}

describe('reading the build output', () => {
  it('takes the time of the build from the trace that the build wrote, whatever the files say', async () => {
    const directory = makeFolder(builtApp({ startTime: 1_712_345_678_901 }));
    expect(await read(directory)).toMatchObject({ buildId: 'build-1', begunAt: 1_712_345_678_901 });
  });

  it('takes the time of the oldest manifest where there is no trace', async () => {
    const files: Files = Object.fromEntries(Object.entries(builtApp()).filter(([path]) => path !== '.next/trace'));
    const directory = makeFolder(files);
    utimesSync(join(directory, '.next/build-manifest.json'), 1_600_000_000, 1_600_000_000);
    expect(await read(directory)).toMatchObject({ begunAt: 1_600_000_000_000, run: undefined });
  });

  it('packs only what serves requests', async () => {
    const directory = makeFolder(builtApp());
    const files = packableFiles(await read(directory)).map((path) => path.slice(directory.length + 1));
    expect(files).toEqual([
      '.next/BUILD_ID',
      '.next/build-manifest.json',
      '.next/required-server-files.json',
      '.next/server/app/page.js',
      '.next/static/chunks/main.js',
    ]);
  });

  it('finds the folder that the configuration names', async () => {
    const moved = Object.entries(productionBuild()).map(([path, content]) => [
      path.replace('.next', 'out/web'),
      content,
    ]);
    const directory = appWith({ distDir: 'out/web' }, Object.fromEntries(moved) as Files);
    expect((await read(directory)).directory).toBe(join(directory, 'out/web'));
  });

  it('does not take an older build in .next for one that was just made elsewhere', async () => {
    const moved = Object.entries(productionBuild()).map(([path, content]) => [path.replace('.next', 'out'), content]);
    const directory = appWith({ distDir: 'out' }, { ...productionBuild(), ...(Object.fromEntries(moved) as Files) });
    utimesSync(join(directory, '.next/BUILD_ID'), 1_600_000_000, 1_600_000_000);
    const output = await readBuildOutput(findApp(directory), Date.now() - 60_000);
    expect(output.directory).toBe(join(directory, 'out'));
  });

  it('says that there is no production build', async () => {
    await expect(read(appWith({}))).rejects.toThrow(/no production build in .*\.next.*Leave --skip-build out/);
  });

  it.each(['.next/dev/build-manifest.json', '.next/server/pages-manifest.json'])(
    'says that there is only a development build (%s)',
    async (file) => {
      await expect(read(appWith({}, { [file]: {} }))).rejects.toThrow(/development build only.*next build/);
    },
  );

  it('refuses a static export, and says what to do', async () => {
    const directory = makeFolder(builtApp({ config: { output: 'export' } }));
    await expect(read(directory)).rejects.toThrow(/output: 'export'.*Remove that line/);
    await expect(read(appWith({ output: 'export' }))).rejects.toThrow(/output: 'export'/);
  });

  it('refuses a build of another version of Next.js than the one that would serve it', async () => {
    const directory = makeFolder(builtApp({ builtBy: '16.2.0' }));
    await expect(read(directory)).rejects.toThrow(
      /was built by Next\.js 16\.2\.0, but 16\.4\.6 is installed. Build again/,
    );
  });

  it('says that the configuration cannot be loaded', async () => {
    const directory = makeFolder({ 'package.json': {}, ...nextPackage() });
    await expect(read(directory)).rejects.toThrow(/Next\.js cannot load the configuration/);
  });

  it('reads what the configuration was resolved to', async () => {
    const directory = makeFolder(builtApp({ config: { basePath: '/docs' } }));
    expect((await read(directory)).config).toEqual(resolvedConfig({ basePath: '/docs' }));
  });
});
