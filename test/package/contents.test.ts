import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { beforeAll, describe, expect, inject, it } from 'vitest';

import { proven } from '../deploy/support/proof';
import { scratch } from '../lib/bundle';
import { run } from './support/run';

const ROOT = resolve(import.meta.dirname, '../..');
const MEGABYTE = 1e6;
const MOST_PACKED = 2.4 * MEGABYTE;
const MOST_UNPACKED = 10.5 * MEGABYTE;

/** All that a user needs, and nothing else. */
const NEEDED = [
  /^(package\.json|README\.md|LICENSE|\.jsii|cdk\.json)$/,
  /^assets\/([a-z-]+\/)?[a-z-]+\.mjs$/,
  /^runtime\/(adapter|revalidate)\.d\.mts$/,
  /^dist\/(lib|contract)\/([a-z-]+\/)?[a-z-]+(\.js|\.d\.ts)$/,
  /^dist\/bin\/(app|cdk-nextjs-ecs|client-cloudformation|nft)\.js$/,
  /^dist\/local\/index\.js$/,
  /^dist\/local\/([a-z0-9-]+\/)*[a-z0-9-]+\.d\.ts$/,
  /^dist\/local\/dashboard\/(dashboard\.css|dashboard\.js|index\.html)$/,
  /^dist\/(THIRD-PARTY-NOTICES\.txt|sbom\.cdx\.json)$/,
];

interface Component {
  readonly name: string;
  readonly version: string;
  readonly 'bom-ref': string;
  readonly licenses: readonly { readonly license?: { readonly id: string }; readonly expression?: string }[];
  readonly evidence: { readonly occurrences: readonly { readonly location: string }[] };
}

const unpacked = scratch();
let files: string[] = [];

beforeAll(async () => {
  mkdirSync(unpacked, { recursive: true });
  await run(unpacked, ['tar', '-xzf', inject('archive'), '--strip-components', '1']);
  files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(unpacked, file)).isFile(),
  );
});

function read(file: string): string {
  return readFileSync(join(unpacked, file), 'utf8');
}

describe('the package', () => {
  it('contains what is needed and nothing else', () => {
    expect(files.filter((file) => !NEEDED.some((pattern) => pattern.test(file)))).toEqual([]);
    for (const pattern of NEEDED) expect(files.some((file) => pattern.test(file))).toBe(true);
  });

  it('contains no source map, and no path of the machine that built it', () => {
    for (const file of files) {
      expect(read(file), file).not.toMatch(/^\/\/# sourceMappingURL=/m);
      expect(read(file).includes(ROOT), file).toBe(false);
    }
  });

  it('is small', () => {
    const packedSize = statSync(inject('archive')).size;
    const unpackedSize = files.reduce((sum, file) => sum + statSync(join(unpacked, file)).size, 0);
    expect(packedSize).toBeLessThan(MOST_PACKED);
    expect(unpackedSize).toBeLessThan(MOST_UNPACKED);
    const [packed, whole] = [packedSize, unpackedSize].map((size) => (size / MEGABYTE).toFixed(2));
    proven('The package has what is needed, and is small', `${packed} MB packed, ${whole} MB in ${files.length} files`);
  });

  it('passes publint', async () => {
    const { buffer } = readFileSync(inject('archive'));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, level: 'warning', strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
    proven('What package.json says of the package holds', 'publint');
  });

  it('has types for every way to import it', async () => {
    // The modules are ES modules on purpose: one file for the app's server and for programs beside it. Node.js requires them as well.
    const options = ['--profile', 'node16', '--ignore-rules', 'cjs-resolves-to-esm', '--exclude-entrypoints', '.jsii'];
    await run(unpacked, [join(ROOT, 'node_modules/.bin/attw'), inject('archive'), '--no-color', ...options]);
    proven('Types resolve in CommonJS, ES modules and bundlers', 'arethetypeswrong');
  });
});

describe('what the bundles contain of others', () => {
  let components: readonly Component[] = [];

  beforeAll(() => {
    const bill = JSON.parse(read('dist/sbom.cdx.json')) as { components: Component[] };
    components = bill.components;
  });

  it('is in the bill of materials, by every bundle', () => {
    const bundles = files.filter((file) => file.startsWith('dist/bin/') || file === 'dist/local/index.js');
    // esbuild begins each module with its path where it leaves white space.
    const modules = bundles.flatMap((file) => [
      ...read(file).matchAll(/^ *\/\/ .*node_modules\/((@[^/]+\/)?[^/\n]+)\//gm),
    ]);
    const names = new Set(modules.map(([, name]) => name));
    expect(names.size).toBeGreaterThan(20);
    expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining([...names]));
    const locations = new Set(
      components.flatMap(({ evidence }) => evidence.occurrences.map(({ location }) => location)),
    );
    expect(files).toEqual(expect.arrayContaining([...locations]));
    for (const module of ['preload', 'revalidate', 'purge/index', 'upload/index']) {
      expect(locations).toContain(`assets/${module}.mjs`);
    }
  });

  it('has a licence that lets it be passed on, each package once', () => {
    const allowed = ['Apache-2.0', 'MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Unlicense'];
    for (const { name, licenses } of components) {
      expect(licenses, name).toHaveLength(1);
      expect(allowed, name).toContain(licenses[0]?.license?.id);
    }
    expect(new Set(components.map((component) => component['bom-ref'])).size).toBe(components.length);
  });

  it('is named with its licence in the notices', () => {
    const notices = read('dist/THIRD-PARTY-NOTICES.txt').split('\n');
    for (const { name, version, licenses } of components) {
      expect(notices).toContain(`${name} ${version} (${licenses[0]?.license?.id})`);
    }
    expect(notices.join('\n')).toContain('Permission is hereby granted, free of charge');
    proven('Every bundled package is in the notices and the bill of materials', `${components.length} packages`);
  });
});
