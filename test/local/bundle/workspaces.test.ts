import { spawnSync } from 'node:child_process';
import { cpSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { packBundle } from '../../../local/bundle';
import { walk } from '../../../local/bundle/files';
import { silentProgress } from '../../../local/progress';
import { type Files, linkTo, makeFolder, nextPackage, productionBuild } from './app-folder';

/** A package of the repository's own, which the app uses. */
const PRICES: Files = {
  'packages/prices/package.json': { name: '@fruit/prices', main: 'index.js' },
  'packages/prices/index.js': 'module.exports = { apple: 1 };',
};

/** Next.js and what it needs itself, as `node_modules` holds it. */
function next(at: string): Files {
  return { ...nextPackage('16.4.6', at), [`${at}/dist/server/next-server.js`]: "exports.react = require('react');" };
}

const react = (at: string): Files => ({
  [`${at}/package.json`]: { name: 'react', main: 'index.js' },
  [`${at}/index.js`]: "module.exports = 'react';",
});

/** A store with a folder for each package, in which its dependencies are linked beside it. */
function isolated(store: string): Files {
  const folder = `node_modules/${store}`;
  return {
    ...next(`${folder}/next@16.4.6+1f2e/node_modules/next`),
    ...react(`${folder}/react@19.2.0/node_modules/react`),
    [`${folder}/next@16.4.6+1f2e/node_modules/react`]: linkTo('../../react@19.2.0/node_modules/react'),
    'apps/web/node_modules/next': linkTo(`../../../${folder}/next@16.4.6+1f2e/node_modules/next`),
    'apps/web/node_modules/react': linkTo(`../../../${folder}/react@19.2.0/node_modules/react`),
    'apps/web/node_modules/@fruit/prices': linkTo('../../../../packages/prices'),
  };
}

/** Where package managers put modules: what they wrote for such a repository. */
const LAYOUTS: Record<string, Files> = {
  'npm, yarn and bun, which hoist everything to the root': {
    'package-lock.json': {},
    ...next('node_modules/next'),
    ...react('node_modules/react'),
    'node_modules/@fruit/prices': linkTo('../../packages/prices'),
  },
  'yarn, where a workspace needs a version of its own': {
    'yarn.lock': '',
    ...next('apps/web/node_modules/next'),
    ...react('node_modules/react'),
    'node_modules/@fruit/prices': linkTo('../../packages/prices'),
  },
  'pnpm, which links from a store': { 'pnpm-lock.yaml': '', ...isolated('.pnpm') },
  'bun with its isolated linker, which links from a store': { 'bun.lock': '', ...isolated('.bun') },
};

/** A build whose page uses the repository's own package, by the path that the app finds it at. */
function builtWorkspace(layout: Files): Files {
  const atRoot = 'node_modules/@fruit/prices' in layout;
  const build = Object.entries(productionBuild({ page: "module.exports = require('@fruit/prices');" }));
  const own = build
    .filter(([path]) => path.startsWith('.next/'))
    .map(([path, content]) => [`apps/web/${path}`, content]);
  const trace = (files: string[]) => ({ version: 1, files });
  return {
    'apps/web/package.json': { name: 'web' },
    ...(Object.fromEntries(own) as Files),
    'apps/web/.next/next-server.js.nft.json': trace([]),
    'apps/web/.next/server/app/page.js.nft.json': trace(
      ['index.js', 'package.json'].map(
        (file) => `${atRoot ? '../../../../../' : '../../../'}node_modules/@fruit/prices/${file}`,
      ),
    ),
  };
}

/** Packs the app, and takes the server to where nothing but what was packed can be found. */
async function packElsewhere(files: Files) {
  const root = makeFolder(files);
  const { directory, facts } = await packBundle({
    appDirectory: join(root, 'apps/web'),
    skipBuild: true,
    progress: silentProgress,
  });
  const server = join(makeFolder(), 'server');
  cpSync(join(directory, 'server'), server, { recursive: true, verbatimSymlinks: true });
  return { facts, server };
}

describe.each(Object.entries(LAYOUTS))('a workspace installed by %s', (_, layout) => {
  it('is packed so that its server finds every module as it did where it was built', async () => {
    const { facts, server } = await packElsewhere({ ...PRICES, ...layout, ...builtWorkspace(layout) });
    expect(facts.server.directory).toBe('apps/web');
    const script =
      "console.log(require('./.next/server/app/page.js').apple, require('next/dist/server/next-server.js').react)";
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
      cwd: join(server, facts.server.directory),
      encoding: 'utf8',
    });
    expect([stdout.trim(), stderr]).toEqual(['1 react', '']);
    expect([...walk(server)].filter((path) => !realpathSync(path).startsWith(server))).toEqual([]);
  });
});

describe("a workspace installed by Yarn Plug'n'Play", () => {
  it('is refused with what to do, because there are no files to pack', async () => {
    const root = makeFolder({ ...PRICES, '.pnp.cjs': '', 'yarn.lock': '', 'apps/web/package.json': { name: 'web' } });
    const packed = packBundle({ appDirectory: join(root, 'apps/web'), skipBuild: true, progress: silentProgress });
    await expect(packed).rejects.toThrow(
      /Yarn Plug'n'Play.*Set "nodeLinker: node-modules" in .yarnrc.yml and run yarn/,
    );
  });
});
