import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import { onTestFinished, describe, expect, it, vi } from 'vitest';

import { packBundle } from '../../../local/bundle';
import { walk } from '../../../local/bundle/files';
import { silentProgress } from '../../../local/progress';
import { builtApp, ELF_ARM64, ELF_X64, elf, type Files, linkTo, machO, makeFolder } from './app-folder';

const sharpOf = (platform: string, library: Buffer): Files => ({
  [`@img/sharp-${platform}/package.json`]: { name: `@img/sharp-${platform}`, version: '0.34.5' },
  [`@img/sharp-${platform}/lib/sharp-${platform}.node`]: library,
  [`@img/sharp-libvips-${platform}/package.json`]: { name: `@img/sharp-libvips-${platform}`, version: '1.2.4' },
  [`@img/sharp-libvips-${platform}/lib/libvips-cpp.so.8`]: library,
});

const PLATFORMS = ['darwin-arm64', 'linux-x64', 'linux-arm64', 'linuxmusl-arm64'];

const SHARP = {
  name: 'sharp',
  version: '0.34.5',
  optionalDependencies: Object.fromEntries(
    PLATFORMS.flatMap((platform) => [
      [`@img/sharp-${platform}`, '0.34.5'],
      [`@img/sharp-libvips-${platform}`, '1.2.4'],
    ]),
  ),
};

const below = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]));

const traceOf = (files: Files): Files => ({
  '.next/next-server.js.nft.json': { version: 1, files: Object.keys(files).map((path) => `../${path}`) },
});

/** A registry of packages on loopback, and npm told to ask it and nobody else. */
async function serveRegistry(packages: Files): Promise<string[]> {
  const asked: string[] = [];
  const folder = makeFolder(packages);
  const server = createServer((request, response) => {
    const [name = '', archive] = decodeURIComponent(request.url ?? '')
      .slice(1)
      .split('/-/');
    const manifest = packages[`${name}/package.json`] as { version: string } | undefined;
    if (manifest === undefined) {
      response.writeHead(404).end('{}');
      return;
    }
    const tarball = execFileSync('tar', ['-czf', '-', '--transform', 's,^\\.,package,', '.'], {
      cwd: join(folder, name),
    });
    if (archive !== undefined) {
      asked.push(name);
      response.end(tarball);
      return;
    }
    const dist = {
      tarball: `${registry}${name}/-/package.tgz`,
      shasum: createHash('sha1').update(tarball).digest('hex'),
    };
    const version = { ...manifest, dist };
    response.end(JSON.stringify({ name, 'dist-tags': {}, versions: { [manifest.version]: version } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  vi.stubEnv('npm_config_registry', registry);
  vi.stubEnv('npm_config_cache', makeFolder());
  vi.stubEnv('npm_config_userconfig', join(folder, 'npmrc'));
  vi.stubEnv('npm_config_fetch_retries', '0');
  return asked;
}

async function pack(files: Files, arch?: string) {
  const appDirectory = makeFolder(files);
  const target = arch === undefined ? undefined : { os: 'linux', arch };
  const bundle = await packBundle({ appDirectory, skipBuild: true, target, progress: silentProgress });
  const server = join(bundle.directory, 'server');
  const names = [...walk(server)].map((path) => path.slice(server.length + 1));
  return { ...bundle, server, names: names.filter((name) => /\.(node|so\.8)$/.test(name)) };
}

describe('native packages of another platform', () => {
  const sharp = { 'node_modules/sharp/package.json': SHARP };

  it("are replaced by those for the server's, which npm fetches", async () => {
    const asked = await serveRegistry(sharpOf('linux-arm64', elf(ELF_ARM64)));
    const installed = { ...sharp, ...below('node_modules', sharpOf('linux-x64', elf(ELF_X64))) };
    const { facts, names, server } = await pack({ ...builtApp(), ...installed, ...traceOf(installed) }, 'arm64');
    expect(names).toEqual([
      'node_modules/@img/sharp-libvips-linux-arm64/lib/libvips-cpp.so.8',
      'node_modules/@img/sharp-linux-arm64/lib/sharp-linux-arm64.node',
    ]);
    expect(readFileSync(join(server, names[1] ?? ''))).toEqual(elf(ELF_ARM64));
    expect(facts.nativePlatform).toEqual({ os: 'linux', arch: 'arm64' });
    expect(facts.images.sharp).toBe(true);
    expect(asked.sort()).toEqual(['@img/sharp-libvips-linux-arm64', '@img/sharp-linux-arm64']);
  });

  it("are replaced on a machine of another operating system, for this machine's architecture", async () => {
    const library = elf(process.arch === 'arm64' ? ELF_ARM64 : ELF_X64);
    await serveRegistry(sharpOf(`linux-${process.arch}`, library));
    const installed = { ...sharp, ...below('node_modules', sharpOf('darwin-arm64', machO())) };
    const { facts, names } = await pack({ ...builtApp(), ...installed, ...traceOf(installed) });
    expect(names).toHaveLength(2);
    expect(facts.nativePlatform).toEqual({ os: 'linux', arch: process.arch });
  });

  it("go where pnpm's links let them be found", async () => {
    await serveRegistry(sharpOf('linux-arm64', elf(ELF_ARM64)));
    const store = 'node_modules/.pnpm/sharp@0.34.5/node_modules';
    const installed = {
      [`${store}/sharp/package.json`]: SHARP,
      ...below('node_modules/.pnpm/img/node_modules', sharpOf('linux-x64', elf(ELF_X64))),
    };
    const links = { 'node_modules/sharp': linkTo('.pnpm/sharp@0.34.5/node_modules/sharp') };
    const { names } = await pack({ ...builtApp(), ...installed, ...links, ...traceOf(installed) }, 'arm64');
    expect(names).toContain(`${store}/@img/sharp-linux-arm64/lib/sharp-linux-arm64.node`);
  });

  it('are left alone where those for the server are installed as well', async () => {
    const asked = await serveRegistry({});
    const installed = {
      ...sharp,
      ...below('node_modules', sharpOf('linux-x64', elf(ELF_X64))),
      ...below('node_modules', sharpOf('linux-arm64', elf(ELF_ARM64))),
    };
    const { names } = await pack({ ...builtApp(), ...installed, ...traceOf(installed) }, 'arm64');
    expect(names).toHaveLength(2);
    expect(asked).toEqual([]);
  });

  it('fail the build by name where nothing can replace them', async () => {
    const installed = { 'node_modules/n/package.json': { name: 'n' }, 'node_modules/n/n.node': elf(ELF_X64) };
    await expect(pack({ ...builtApp(), ...installed, ...traceOf(installed) }, 'arm64')).rejects.toThrow(
      /run on linux\/arm64, but native modules were built for another platform:\n.*node_modules\/n\/n\.node: linux\/x64/,
    );
  });

  it('fail the build by name where npm cannot fetch them', async () => {
    await serveRegistry({});
    const installed = { ...sharp, ...below('node_modules', sharpOf('linux-x64', elf(ELF_X64))) };
    await expect(pack({ ...builtApp(), ...installed, ...traceOf(installed) }, 'arm64')).rejects.toThrow(
      /cannot fetch @img\/sharp-(libvips-)?linux-arm64@.*npm install --no-save --force @img/,
    );
  });
});
