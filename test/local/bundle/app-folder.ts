import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterAll, onTestFinished } from 'vitest';

/** Contents by path; an object is written as JSON, `linkTo` makes a symbolic link. */
export type Files = Readonly<Record<string, string | Buffer | object>>;

/** A folder of its own for one test. */
export function makeFolder(files: Files = {}): string {
  const { directory, remove } = temporaryFolder();
  onTestFinished(remove);
  writeFiles(directory, files);
  return directory;
}

/** A folder that a hook makes for all tests of a suite. */
export function makeLastingFolder(): string {
  const { directory, remove } = temporaryFolder();
  afterAll(remove);
  return directory;
}

function temporaryFolder(): { directory: string; remove: () => void } {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'bundle-')));
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true });
  };
  return { directory, remove };
}

export function writeFiles(directory: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    if (content instanceof Link) symlinkSync(content.target, file);
    else
      writeFileSync(file, typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  }
}

class Link {
  constructor(readonly target: string) {}
}

export function linkTo(target: string): object {
  return new Link(target);
}

/** Just enough of the package `next` to be found, traced and asked. */
export function nextPackage(version = '16.4.6', at = 'node_modules/next'): Files {
  return {
    [`${at}/package.json`]: { name: 'next', version },
    [`${at}/dist/bin/next`]: "require('../lib/shared'); process.exit(3);",
    [`${at}/dist/cli/next-start.js`]: "require('../server/lib/start-server');",
    [`${at}/dist/cli/next-build.js`]: '',
    [`${at}/dist/lib/shared.js`]: "if (0) require('../cli/next-build');",
    [`${at}/dist/server/lib/start-server.js`]: "require('../next-server');",
    [`${at}/dist/server/next-server.js`]: '',
    [`${at}/dist/server/require-hook.js`]: '',
    [`${at}/dist/server/unused.js`]: '',
    [`${at}/dist/server/config.js`]:
      "exports.default = async (phase, dir) => require(require('path').join(dir, 'next.config.js'));",
  };
}

/** Configuration as `required-server-files.json` holds it. */
export function resolvedConfig(changes: object = {}): object {
  return {
    distDir: '.next',
    basePath: '',
    assetPrefix: '',
    trailingSlash: false,
    images: { path: '/_next/image', loader: 'default', unoptimized: false },
    ...changes,
  };
}

export interface BuildOptions {
  readonly config?: object;
  readonly relativeAppDir?: string;
  /** Milliseconds since the epoch at which the trace says the build began; undefined leaves the trace out. */
  readonly startTime?: number;
  readonly builtBy?: string;
  readonly page?: string;
}

/** A small production build as Next.js lays it out. */
export function productionBuild(options: BuildOptions = {}): Files {
  const { config, relativeAppDir = '', startTime = 1_700_000_000_000, builtBy = '16.4.6', page = 'page one' } = options;
  return {
    '.next/BUILD_ID': 'build-1\n',
    '.next/build-manifest.json': {},
    '.next/required-server-files.json': { version: 1, config: resolvedConfig(config), relativeAppDir },
    '.next/trace': [
      [{ name: 'generate-buildid', startTime: startTime + 5 }],
      [{ name: 'next-build', startTime, traceId: 'trace', tags: { version: builtBy } }],
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
    '.next/next-server.js.nft.json': { version: 1, files: ['../node_modules/traced/index.js'] },
    '.next/server/app/page.js': page,
    '.next/server/app/page.js.map': '{}',
    '.next/server/app/page.js.nft.json': { version: 1, files: ['../../../data/prices.csv'] },
    '.next/static/chunks/main.js': 'main',
    '.next/static/chunks/main.js.map': '{}',
    '.next/cache/webpack/0.pack': 'pack',
    '.next/types/routes.d.ts': 'types',
    '.next/diagnostics/build.json': {},
    'node_modules/traced/package.json': { name: 'traced' },
    'node_modules/traced/index.js': 'traced',
    'data/prices.csv': 'price',
  };
}

/** An app that needs no build to be packed. */
export function builtApp(options: BuildOptions = {}): Files {
  return { 'package.json': { name: 'shop' }, ...nextPackage(), ...productionBuild(options) };
}

/** The first bytes of an ELF library for linux. */
export function elf(machine: number, needs = 'libc.so.6'): Buffer {
  const header = Buffer.alloc(64);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(header);
  header.writeUInt16LE(machine, 18);
  return Buffer.concat([header, Buffer.from(needs)]);
}

export const ELF_X64 = 0x3e;
export const ELF_ARM64 = 0xb7;

/** The first bytes of a library for macOS on Apple silicon. */
export function machO(): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt32LE(0xfeedfacf, 0);
  header.writeUInt32LE(0x0100000c, 4);
  return header;
}
