import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { packBundle, type PackBundleOptions, readFacts } from '../../../local/bundle';
import { walk } from '../../../local/bundle/files';
import type { Progress } from '../../../local/progress';
import {
  type BuildOptions,
  builtApp,
  ELF_X64,
  elf,
  type Files,
  linkTo,
  machO,
  makeFolder,
  writeFiles,
} from './app-folder';

class RecordedProgress implements Progress {
  readonly steps: string[] = [];
  readonly notes: string[] = [];
  step(title: string): void {
    this.steps.push(title);
  }
  note(text: string): void {
    this.notes.push(text);
  }
  done(): void {
    // Only beginnings are looked at.
  }
}

async function pack(files: Files, appDirectory = '.', options: Partial<PackBundleOptions> = {}) {
  const root = makeFolder(files);
  const progress = new RecordedProgress();
  const bundle = await packBundle({ appDirectory: join(root, appDirectory), skipBuild: true, progress, ...options });
  const names = [...walk(bundle.directory)].map((path) => path.slice(bundle.directory.length + 1));
  return { ...bundle, root, names, progress };
}

const packBuilt = (options: BuildOptions, files: Files = {}) => pack({ ...builtApp(options), ...files });

const below = (names: readonly string[], folder: string) =>
  names.filter((name) => name.startsWith(`${folder}/`)).map((name) => name.slice(folder.length + 1));

const read = (directory: string, file: string) => readFileSync(join(directory, file), 'utf8');

/** The files of `builtApp` moved into a folder of a monorepo, with the modules left at its root. */
function workspace(folder: string, files: Files): Files {
  const entries = Object.entries(files).map(([path, content]) => [
    path.startsWith('node_modules/') ? path : `${folder}/${path}`,
    content,
  ]);
  const trace = { version: 1, files: ['../../../node_modules/traced/index.js'] };
  return { ...(Object.fromEntries(entries) as Files), [`${folder}/.next/next-server.js.nft.json`]: trace };
}

describe('packing a bundle', () => {
  it('holds the build output, public files and traced modules, and nothing else of the app', async () => {
    const { names } = await packBuilt({}, { 'public/robots.txt': 'all', 'src/page.tsx': 'source', '.git/config': '' });
    expect(below(names, 'server')).toEqual([
      '.cdk-nextjs-ecs/facts.json',
      '.cdk-nextjs-ecs/preload.mjs',
      '.next/BUILD_ID',
      '.next/build-manifest.json',
      '.next/cache/.keep',
      '.next/required-server-files.json',
      '.next/server/app/page.js',
      '.next/static/chunks/main.js',
      'data/prices.csv',
      'node_modules/next/dist/bin/next',
      'node_modules/next/dist/cli/next-start.js',
      'node_modules/next/dist/lib/shared.js',
      'node_modules/next/dist/server/lib/start-server.js',
      'node_modules/next/dist/server/next-server.js',
      'node_modules/next/dist/server/require-hook.js',
      'node_modules/next/package.json',
      'node_modules/traced/index.js',
      'package.json',
      'public/robots.txt',
    ]);
    expect(names.filter((name) => !name.includes('/'))).toEqual([
      '.dockerignore',
      '.gitignore',
      'Dockerfile',
      'facts.json',
    ]);
  });

  it('states the facts of the build, beside the preload too', async () => {
    const { facts, directory, root } = await packBuilt(
      {
        config: {
          basePath: '/docs',
          assetPrefix: '/docs',
          trailingSlash: true,
          deploymentId: 'd1',
          experimental: { validateRSCRequestHeaders: false },
        },
      },
      {
        '.next/server/server-reference-manifest.json': { encryptionKey: 'secret' },
        '.next/server/middleware-manifest.json': { middleware: { '/': { matchers: [{ regexp: '^/edge$' }] } } },
        '.next/server/functions-config-manifest.json': { functions: { '/_middleware': {}, '/page': {} } },
      },
    );
    expect(facts).toMatchObject({
      formatVersion: 1,
      nextVersion: '16.4.6',
      buildId: 'build-1',
      buildTime: 1_700_000_000_000,
      basePath: '/docs',
      assetPrefix: '/docs',
      deploymentId: 'd1',
      trailingSlash: true,
      images: { path: '/_next/image', sharp: false },
      proxyMatchers: ['^/edge$', '^/.*$'],
      validateRSCRequestHeaders: false,
      actionKeyFingerprint: '2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b',
      server: {
        directory: '.',
        distDirectory: '.next',
        command: ['--import', './.cdk-nextjs-ecs/preload.mjs', 'node_modules/next/dist/bin/next', 'start'],
      },
    });
    expect(facts.namespace).toMatch(/^[0-9a-f]{16}$/);
    expect(directory).toBe(join(root, '.cdk-nextjs-ecs'));
    expect(readFacts(directory)).toEqual(JSON.parse(JSON.stringify(facts)));
    expect(readFacts(join(directory, 'server/.cdk-nextjs-ecs'))).toEqual(readFacts(directory));
    expect(JSON.stringify(facts)).not.toContain('secret');
  });

  it.each([
    [{}, '_next/static/chunks/main.js'],
    [{ basePath: '/docs', assetPrefix: '/docs' }, 'docs/_next/static/chunks/main.js'],
    [{ basePath: '/docs', assetPrefix: '/assets' }, 'assets/_next/static/chunks/main.js'],
    [{ assetPrefix: 'https://cdn.example.com' }, '_next/static/chunks/main.js'],
    [{ assetPrefix: 'https://cdn.example.com/shop/' }, 'shop/_next/static/chunks/main.js'],
  ])('puts static files where browsers ask for them with %j', async (config, expected) => {
    const { names } = await packBuilt({ config });
    expect(below(names, 'static')).toEqual([expected]);
  });

  it('names no image path when the server does not optimize images', async () => {
    const custom = await packBuilt({ config: { images: { path: '', loader: 'custom', unoptimized: false } } });
    expect(custom.facts.images).toEqual({});
    const unoptimized = await packBuilt({
      config: { images: { path: '/_next/image', loader: 'default', unoptimized: true } },
    });
    expect(unoptimized.facts.images).toEqual({});
  });

  it('leaves environment files out and names the variables that the server will not see, never their values', async () => {
    const { names, progress, directory } = await packBuilt(
      {},
      {
        '.env': 'DATABASE_URL=postgres://hush\nexport TOKEN = "hush"\nNEXT_PUBLIC_NAME=shop\n# COMMENT=1\n',
        '.env.development': 'DEV=1',
        '.env.production': 'NEXT_PUBLIC_ONLY=1',
        'public/.env': 'X=1',
        '.next/server/app/page.js.nft.json': { version: 1, files: ['../../../.env', '../../../.git/config'] },
        '.git/config': '',
      },
    );
    expect(names.filter((name) => /\.env|\.git\//.test(name))).toEqual([]);
    expect(progress.notes).toEqual([
      expect.stringMatching(/^\.env is not packed.*: DATABASE_URL, TOKEN reach the server only/),
    ]);
    expect([...walk(directory)].some((file) => readFileSync(file, 'utf8').includes('hush'))).toBe(false);
  });

  it('packs no earlier bundle, cache or source map that a trace names', async () => {
    const { names } = await packBuilt(
      {},
      {
        '.cdk-nextjs-ecs/facts.json': {},
        '.cdk-nextjs-ecs/server/old.js': '',
        '.next/server/app/page.js.nft.json': {
          version: 1,
          files: ['../../../.cdk-nextjs-ecs/server/old.js', '../../cache/webpack/0.pack', 'page.js.map', '../../trace'],
        },
      },
    );
    expect(names.filter((name) => /old\.js|\.pack|\.map|trace$/.test(name))).toEqual([]);
  });

  it('roots the server at the common folder of a monorepo and says where the app is', async () => {
    const { names, facts, directory } = await pack(workspace('apps/web', builtApp()), 'apps/web');
    expect(facts.server).toEqual({
      directory: 'apps/web',
      distDirectory: '.next',
      command: ['--import', '../../.cdk-nextjs-ecs/preload.mjs', '../../node_modules/next/dist/bin/next', 'start'],
    });
    expect(below(names, 'server')).toEqual(
      expect.arrayContaining([
        'apps/web/.next/BUILD_ID',
        'node_modules/traced/index.js',
        '.cdk-nextjs-ecs/preload.mjs',
      ]),
    );
    expect(read(directory, 'Dockerfile')).toContain('WORKDIR /app/apps/web\n');
  });

  it("takes Next's own standalone tree where the app makes one, and adds public and static files", async () => {
    const { names, facts } = await packBuilt(
      { config: { output: 'standalone' } },
      {
        'public/robots.txt': 'all',
        '.next/standalone/server.js': 'server',
        '.next/standalone/.env.production': 'SECRET=1',
        '.next/standalone/.next/BUILD_ID': 'build-1',
        '.next/standalone/node_modules/next/index.js': '',
      },
    );
    expect(facts.server.command).toEqual(['--import', './.cdk-nextjs-ecs/preload.mjs', 'server.js']);
    expect(below(names, 'server')).toEqual([
      '.cdk-nextjs-ecs/facts.json',
      '.cdk-nextjs-ecs/preload.mjs',
      '.next/BUILD_ID',
      '.next/cache/.keep',
      '.next/static/chunks/main.js',
      'node_modules/next/index.js',
      'public/robots.txt',
      'server.js',
    ]);
  });

  it('finds the server of a standalone monorepo in its folder', async () => {
    const { facts, names } = await packBuilt(
      { config: { output: 'standalone' }, relativeAppDir: 'apps/web' },
      { '.next/standalone/apps/web/server.js': 'server', '.next/standalone/node_modules/next/index.js': '' },
    );
    expect(facts.server).toEqual({
      directory: 'apps/web',
      distDirectory: '.next',
      command: ['--import', '../../.cdk-nextjs-ecs/preload.mjs', 'server.js'],
    });
    expect(names).toContain('server/apps/web/.next/static/chunks/main.js');
  });

  it('keeps links to packages that the build left unbundled', async () => {
    const { names, directory } = await packBuilt(
      {},
      {
        '.next/node_modules/traced-1f': linkTo('../../node_modules/traced'),
        'public/shared': linkTo('../assets'),
        'assets/logo.svg': '<svg/>',
      },
    );
    expect(names).toContain('server/.next/node_modules/traced-1f');
    expect(read(directory, 'server/.next/node_modules/traced-1f/index.js')).toBe('traced');
    expect(read(directory, 'server/public/shared/logo.svg')).toBe('<svg/>');
  });

  it('records the platform of native modules, and chooses the image by their C library', async () => {
    const trace = { '.next/next-server.js.nft.json': { version: 1, files: ['../node_modules/n/n.node'] } };
    const glibc = await packBuilt({}, { ...trace, 'node_modules/n/n.node': elf(ELF_X64) });
    expect(glibc.facts.nativePlatform).toEqual({ os: 'linux', arch: 'x64' });
    expect(read(glibc.directory, 'Dockerfile')).toContain('ARG BASE_IMAGE=node:24-slim\n');
    const musl = await packBuilt({}, { ...trace, 'node_modules/n/n.node': elf(ELF_X64, 'libc.musl-x86_64.so.1') });
    expect(read(musl.directory, 'Dockerfile')).toContain('ARG BASE_IMAGE=node:24-alpine\n');
  });

  it('writes a Dockerfile whose last stage copies and runs nothing, with an allocator of the target platform', async () => {
    const { directory } = await packBuilt({});
    expect(read(directory, 'Dockerfile').split('\n')).toEqual([
      'ARG BASE_IMAGE=node:24-slim',
      '',
      'FROM --platform=$BUILDPLATFORM node:24-slim AS allocator',
      'ARG TARGETARCH',
      'WORKDIR /allocator',
      expect.stringMatching(/^RUN dpkg --add-architecture "\$TARGETARCH" && apt-get update/),
      expect.stringContaining('apt-get download "libjemalloc2:$TARGETARCH"'),
      '',
      'FROM ${BASE_IMAGE}',
      expect.stringMatching(/^#/),
      'COPY --from=allocator /allocator/libjemalloc.so.2 /usr/local/lib/libjemalloc.so.2',
      'ENV LD_PRELOAD=/usr/local/lib/libjemalloc.so.2',
      'ENV NODE_ENV=production HOSTNAME=0.0.0.0',
      'WORKDIR /app',
      'COPY --chown=node:node server/ /app/',
      expect.stringMatching(/^#/),
      'VOLUME ["/app/.next/cache","/tmp"]',
      'USER node',
      'EXPOSE 3000',
      'CMD ["node","--import","./.cdk-nextjs-ecs/preload.mjs","node_modules/next/dist/bin/next","start"]',
      '',
    ]);
  });

  it("needs no other allocator than musl's on Alpine Linux", async () => {
    const trace = { '.next/next-server.js.nft.json': { version: 1, files: ['../node_modules/n/n.node'] } };
    const library = { 'node_modules/n/n.node': elf(ELF_X64, 'libc.musl-x86_64.so.1') };
    const { directory } = await packBuilt({}, { ...trace, ...library });
    expect(read(directory, 'Dockerfile')).not.toMatch(/RUN|jemalloc/);
  });

  it('takes a Dockerfile of the user in place of its own', async () => {
    const own = join(makeFolder({ 'web.Dockerfile': 'FROM company/node\nCOPY server/ /app/\n' }), 'web.Dockerfile');
    const { directory } = await pack(builtApp(), '.', { dockerfile: own });
    expect(read(directory, 'Dockerfile')).toBe('FROM company/node\nCOPY server/ /app/\n');
  });

  it("takes no part in the user's .dockerignore", async () => {
    const { directory } = await packBuilt({}, { '.dockerignore': '.next\nserver\nnode_modules\n' });
    expect(read(directory, '.dockerignore')).toBe('*\n!server\n!Dockerfile\n!facts.json\n');
  });

  it('says whether images can be optimized', async () => {
    const sharp = 'node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node';
    const trace = { '.next/next-server.js.nft.json': { version: 1, files: [`../${sharp}`] } };
    expect((await packBuilt({})).facts.images).toEqual({ path: '/_next/image', sharp: false });
    expect((await packBuilt({}, { ...trace, [sharp]: elf(ELF_X64) })).facts.images.sharp).toBe(true);
  });

  it('tells how much it packed', async () => {
    const bundle = await packBuilt({});
    expect(bundle.static).toEqual({ files: 1, bytes: 'main'.length });
    expect(bundle.server.files).toBeGreaterThan(10);
    expect(bundle.progress.steps).toEqual([
      'Tracing what the server loads',
      'Packing the server',
      'Packing static files',
    ]);
  });

  it('writes a failed packing nowhere and leaves the bundle that was there', async () => {
    const root = makeFolder({
      ...builtApp(),
      '.cdk-nextjs-ecs/facts.json': 'old',
      '.next/next-server.js.nft.json': { version: 1, files: ['../node_modules/n/n.node'] },
      'node_modules/n/n.node': machO(),
    });
    await expect(packBundle({ appDirectory: root, skipBuild: true, progress: new RecordedProgress() })).rejects.toThrow(
      /n\.node: darwin\/arm64/,
    );
    expect(read(root, '.cdk-nextjs-ecs/facts.json')).toBe('old');
    expect(readdirSync(root).filter((name) => name.startsWith('.cdk'))).toEqual(['.cdk-nextjs-ecs']);
  });

  it('goes where it is told to', async () => {
    const root = makeFolder(builtApp());
    const outDirectory = join(root, 'out/bundle');
    const { directory } = await packBundle({
      appDirectory: root,
      outDirectory,
      skipBuild: true,
      progress: new RecordedProgress(),
    });
    expect(directory).toBe(outDirectory);
    expect(existsSync(join(root, '.cdk-nextjs-ecs'))).toBe(false);
  });
});

describe('files that the server reads by names that no tracing sees', () => {
  const content = {
    'content/a.md': 'a',
    'content/deep/b.md': 'b',
    'content/deep/c.json': '{}',
    'content/.env': 'SECRET=1',
    'content/node_modules/x.md': '',
    'terms.txt': 'terms',
  };

  it.each([
    ['content/**', ['content/a.md', 'content/deep/b.md', 'content/deep/c.json']],
    ['content', ['content/a.md', 'content/deep/b.md', 'content/deep/c.json']],
    ['content/**/*.md', ['content/a.md', 'content/deep/b.md']],
    ['content/*.md', ['content/a.md']],
    ['content/deep/?.{md,txt}', ['content/deep/b.md']],
    ['terms.txt', ['terms.txt']],
    ['./*.txt', ['terms.txt']],
  ])('are packed where they lie: %s', async (pattern, expected) => {
    const { names } = await pack({ ...builtApp(), ...content }, '.', { include: [pattern] });
    expect(below(names, 'server').filter((name) => /^content|^terms/.test(name))).toEqual(expected);
  });

  it('may lie elsewhere in a monorepo', async () => {
    const files = { ...workspace('apps/web', builtApp()), 'packages/texts/de.json': '{}' };
    const { names } = await pack(files, 'apps/web', { include: ['../../packages/texts/*.json'] });
    expect(names).toContain('server/packages/texts/de.json');
  });

  it("join Next's own standalone tree", async () => {
    const standalone = { '.next/standalone/server.js': 'server', '.next/standalone/node_modules/next/index.js': '' };
    const files = { ...builtApp({ config: { output: 'standalone' } }), ...standalone, ...content };
    const { names } = await pack(files, '.', { include: ['content/*.md'] });
    expect(names).toContain('server/content/a.md');
    const nested = Object.fromEntries(Object.entries(files).map(([path, text]) => [`web/${path}`, text]));
    await expect(pack({ ...nested, 'outside.md': '' }, 'web', { include: ['../outside.md'] })).rejects.toThrow(
      /outside\.md lies outside of what output: 'standalone' takes for the project/,
    );
  });

  it('must be there', async () => {
    await expect(pack(builtApp(), '.', { include: ['texts/**'] })).rejects.toThrow(
      /--include texts\/\*\* matches no file in .*relative to that folder/,
    );
  });
});

describe('the namespace', () => {
  const namespace = async (directory: string) =>
    (await packBundle({ appDirectory: directory, skipBuild: true, progress: new RecordedProgress() })).facts.namespace;

  it('is the same when a build is packed again', async () => {
    const directory = makeFolder(builtApp());
    expect(await namespace(directory)).toBe(await namespace(directory));
  });

  it('is another one for another build, even under the same build id', async () => {
    const first = await namespace(makeFolder(builtApp()));
    expect(await namespace(makeFolder(builtApp({ page: 'page two' })))).not.toBe(first);
  });

  it('is another one for a second build of the same files', async () => {
    const first = await namespace(makeFolder(builtApp()));
    expect(await namespace(makeFolder(builtApp({ startTime: 1_700_000_000_001 })))).not.toBe(first);
  });

  it('heeds nothing that is not packed', async () => {
    const directory = makeFolder(builtApp());
    const first = await namespace(directory);
    writeFiles(directory, { '.next/cache/webpack/1.pack': 'more', '.next/types/more.d.ts': '' });
    writeFileSync(join(directory, '.next/server/app/page.js.map'), '{"other":1}');
    expect(await namespace(directory)).toBe(first);
  });
});

describe('reading facts', () => {
  it('refuses a folder without facts', () => {
    expect(() => readFacts(makeFolder())).toThrow(
      /is no bundle: it has no facts\.json. Make one: npx cdk-nextjs-ecs build/,
    );
  });

  it.each([0, 2, undefined])('refuses format version %s', (formatVersion) => {
    expect(() => readFacts(makeFolder({ 'facts.json': { formatVersion } }))).toThrow(
      /has format version .*reads 1 only.*Pack the app again/,
    );
  });
});
