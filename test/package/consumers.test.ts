import { createRequire } from 'node:module';
import { describe, expect, inject, it } from 'vitest';

import { proven } from '../deploy/support/proof';
import { npmProject, PEERS } from './support/npm-project';
import { Project } from './support/project';
import { run } from './support/run';
import { CONSTRUCTS_VERSION, developedWith, newestCdk, PACKAGE_VERSION } from './support/versions';

const typescript = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const NODE_TYPES = `@types/node@${developedWith('@types/node')}`;

/** Uses every module of the package that has types. */
const MODULES = `
import adapter from 'cdk-nextjs-ecs/adapter';
import { LocalStack } from 'cdk-nextjs-ecs/local';
import { revalidate, type RevalidationResult } from 'cdk-nextjs-ecs/revalidate';

export const config: { basePath: string } = adapter.modifyConfig({ basePath: '' }, { phase: 'phase-production-build' });
export const start: Promise<LocalStack> = LocalStack.start('cdk.out', { replicas: 3 });
export const revalidated: Promise<RevalidationResult> = revalidate({ table: '', site: '', tagShards: 1, tags: ['a'] });
// @ts-expect-error A site has no tags.
revalidate({ tags: 1 });
`;

/** Loads each of them, and says what came. */
const LOADED = `
import adapter from 'cdk-nextjs-ecs/adapter';
import { LocalStack } from 'cdk-nextjs-ecs/local';
import { tagsOf } from 'cdk-nextjs-ecs/revalidate';
console.log(adapter.name, typeof LocalStack.start, tagsOf({ tags: ['a'] }).join());
`;

/** What `tsc --init` sets, strict and without `skipLibCheck`, so that our declarations are checked too. */
const STRICT = { strict: true, target: 'es2022', types: ['node'], rootDir: '.', outDir: 'out' };

const MODULE_SYSTEMS = {
  node16: { module: 'node16', moduleResolution: 'node16' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
};

async function compile(project: Project, system: keyof typeof MODULE_SYSTEMS, files: readonly string[]): Promise<void> {
  const compilerOptions = { ...STRICT, ...MODULE_SYSTEMS[system] };
  project.write(`tsconfig.${system}.json`, JSON.stringify({ compilerOptions, files }));
  await project.run(process.execPath, typescript, '--project', `tsconfig.${system}.json`);
}

describe('a new project', () => {
  it('of npm synthesizes in TypeScript and in JavaScript, as CommonJS and as ES modules', async () => {
    const project = await npmProject('typescript', NODE_TYPES);
    project.write('modules.mts', MODULES);
    project.write('modules.ts', MODULES);
    await compile(project, 'bundler', ['app.ts', 'modules.ts']);
    await compile(project, 'node16', ['app.ts', 'modules.mts']);
    const template = await project.synthesize(process.execPath, 'out/app.js');
    expect(Object.keys((template as { Resources: object }).Resources).length).toBeGreaterThan(50);
    for (const app of ['app.mjs', 'app.cjs']) {
      project.copy('javascript', app);
      expect(await project.synthesize(process.execPath, app)).toEqual(template);
    }
    project.write('loaded.mjs', LOADED);
    expect(await project.run(process.execPath, 'loaded.mjs')).toBe('cdk-nextjs-ecs function a\n');
    expect(await project.run('npx', 'cdk-nextjs-ecs', '--help')).toContain('Usage: cdk-nextjs-ecs');
    expect(await project.run('npx', 'cdk-nextjs-ecs', '--version')).toBe(`${PACKAGE_VERSION}\n`);
    proven('npm: TypeScript, CommonJS and ES modules synthesize the same template, the command runs', 'npm, tsc');
  });

  it('of pnpm synthesizes, and has the command', async () => {
    const pnpm = ['npx', '--yes', 'pnpm@12.21.0'];
    const project = new Project('javascript');
    project.write('package.json', '{ "private": true }');
    await project.run(...pnpm, 'add', '--save-dev', inject('archive'), ...PEERS);
    await project.synthesize(process.execPath, 'app.mjs');
    expect(await project.run(...pnpm, 'exec', 'cdk-nextjs-ecs', '--help')).toContain('Usage: cdk-nextjs-ecs');
    proven('pnpm: the package installs, synthesizes, and has the command', 'pnpm');
  });

  it("of yarn synthesizes, and has the command, with Plug'n'Play", async () => {
    const project = new Project('javascript');
    project.write('package.json', '{ "private": true }');
    project.write('yarn.lock', '');
    const registry = (await run(project.directory, ['npm', 'config', 'get', 'registry'])).trim();
    const yarn = (...options: string[]): string[] => ['npx', '--yes', '@yarnpkg/cli-dist@4.18.1', ...options];
    const environment = { YARN_NPM_REGISTRY_SERVER: registry, YARN_ENABLE_TELEMETRY: 'false' };
    const packages = [`cdk-nextjs-ecs@file:${inject('archive')}`, `constructs@${CONSTRUCTS_VERSION}`];
    // Unlike npm, yarn wants from the registry what comes within aws-cdk-lib, and one older than our peer is a warning to it.
    const cdk = await newestCdk((version) =>
      run(project.directory, yarn('add', '--dev', ...packages, `aws-cdk-lib@${version}`), environment),
    );
    await project.synthesize(...yarn('node', 'app.mjs'));
    expect(await project.run(...yarn('cdk-nextjs-ecs', '--help'))).toContain('Usage: cdk-nextjs-ecs');
    proven(
      "yarn with Plug'n'Play: the package installs, synthesizes, and has the command",
      `yarn 4, aws-cdk-lib ${cdk}`,
    );
  });
});
