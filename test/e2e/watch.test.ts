import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareAssets, prepareRelease } from '../fixtures/prepare';
import { until } from '../runtime/server/started-server';
import { RunningStack } from './local-stack';

/** A copy of a small app, beside it: it finds its packages in the folder above. */
let app: string;
let stack: RunningStack | undefined;

beforeAll(async () => {
  await prepareAssets();
  const built = await prepareRelease('one');
  app = await mkdtemp(path.join(path.dirname(built), 'watched-'));
  await cp(built, app, { recursive: true });
  stack = await RunningStack.start({ app, replicas: 2, flags: ['--watch'] });
});

afterAll(async () => {
  await stack?.stop();
  await rm(app, { recursive: true, force: true });
});

function running(): RunningStack {
  if (stack === undefined) throw new Error('test/e2e: the stack was not started');
  return stack;
}

async function pageAt(url: string): Promise<string> {
  return (await fetch(url)).text();
}

async function write(release: string): Promise<void> {
  await writeFile(path.join(app, 'app/release.js'), release);
}

describe('cdk-nextjs-ecs local --watch', () => {
  it('builds what has changed and rolls it out, at the edge too', { timeout: 300_000 }, async () => {
    expect(await pageAt(running().url)).toContain('data-release="one"');
    await write("export const RELEASE = 'changed';\n");
    await until(async () => (await pageAt(running().url)).includes('data-release="changed"'));
  });

  it('says why a build fails, and leaves what runs', { timeout: 300_000 }, async () => {
    await write('export const RELEASE = ;\n');
    await until(() => running().tool.stderr.includes('What ran before runs on.'));
    expect(running().tool.stderr).toMatch(/release\.js/);
    expect(await pageAt(running().url)).toContain('data-release="changed"');
  });

  it('ends at Ctrl-C', async () => {
    expect(await running().stop()).toBe(0);
    stack = undefined;
  });
});
