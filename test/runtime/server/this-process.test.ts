import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { BundleFacts } from '../../../contract';
import { isServerProcess } from '../../../runtime/server/this-process';

const NEXT = ['--import', './preload.mjs', 'node_modules/next/dist/bin/next', 'start', '-p', '3000'];
const STANDALONE = ['--import', './preload.mjs', 'server.js'];

describe('the process of the server', () => {
  const argv = [...process.argv];

  afterEach(() => {
    process.argv = argv;
  });

  beforeEach(() => {
    process.argv = ['node'];
  });

  it.each<[serves: boolean, name: string, command: readonly string[], started: readonly string[]]>([
    [true, 'next start', NEXT, ['/app/node_modules/next/dist/bin/next', 'start', '-p', '8080']],
    [true, "a standalone build's server", STANDALONE, ['/app/server.js']],
    [false, 'next build', NEXT, ['/app/node_modules/next/dist/bin/next', 'build']],
    [false, "another app's server", NEXT, ['/other/node_modules/next/dist/bin/next', 'start']],
    [false, 'a script', NEXT, ['/app/migrate.js']],
    [false, 'a line of code', NEXT, []],
  ])('%s: %s', (serves, _, command, started) => {
    process.argv = ['node', ...started];
    const facts = { server: { command } } as BundleFacts;
    expect(isServerProcess({ facts, appDirectory: '/app' })).toBe(serves);
  });
});
