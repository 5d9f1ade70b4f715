import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Bundle } from '../../../contract';
import { prepareApp } from '../../fixtures/prepare';
import { NEWEST_VERSION } from '../../fixtures/versions';
import { PackedApp } from './packed-app';
import { Stores } from './stores';

const FILES = {
  'package.json': '{ "private": true }',
  'next.config.mjs': 'export default { outputFileTracingRoot: import.meta.dirname, experimental: { cpus: 1 } };',
  'app/layout.js': 'export default ({ children }) => <html lang="en"><body>{children}</body></html>;',
  'app/page.js': `
    import { unstable_cache } from 'next/cache';
    export const revalidate = 60;
    const kept = unstable_cache(async () => 'what was kept', ['kept'], { tags: ['kept'] });
    export default async function Page() {
      return <p>{await kept()}</p>;
    }`,
};

describe('`next build` in an environment that preloads the server', () => {
  let app: PackedApp;
  let stores: Stores;
  let directory: string;

  beforeAll(async () => {
    [app, stores] = await Promise.all([PackedApp.pack(NEWEST_VERSION), Stores.start()]);
    directory = await mkdtemp(path.join(tmpdir(), 'next-build-'));
    await mkdir(path.join(directory, 'app'));
    for (const [file, content] of Object.entries(FILES)) await writeFile(path.join(directory, file), content);
    await symlink(path.join(await prepareApp(NEWEST_VERSION), 'node_modules'), path.join(directory, 'node_modules'));
  });

  afterAll(async () => {
    await Promise.all([app.remove(), stores.close(), rm(directory, { recursive: true, force: true })]);
  });

  it('needs no configuration, makes no call of AWS, and prerenders as ever', { timeout: 300_000 }, async () => {
    const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_DYNAMODB } = stores.environment;
    const preload = path.join(app.root, Bundle.DIRECTORY, Bundle.PRELOAD_FILE);
    // Not Turbopack, which does not follow the link to node_modules.
    const child = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'build', '--webpack'], {
      cwd: directory,
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        NEXT_TELEMETRY_DISABLED: '1',
        NODE_OPTIONS: `--import ${preload}`,
        AWS_ENDPOINT_URL_S3,
        AWS_ENDPOINT_URL_DYNAMODB,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = once(child, 'close');
    const output = (await Promise.all([text(child.stdout), text(child.stderr)])).join('');
    expect([await closed, output]).toEqual([[0, null], expect.not.stringContaining('NEXTJS_')]);
    expect(stores.calls.snapshot()).toEqual({});
    const page = await readFile(path.join(directory, '.next/server/app/index.html'), 'utf8');
    expect(page).toContain('what was kept');
  });
});
