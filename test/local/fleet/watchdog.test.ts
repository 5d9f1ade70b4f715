import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { describe, expect, it, onTestFinished } from 'vitest';

import { isRunning, temporaryDirectory, until } from './support';

/** A process that guards a folder and a child with a grandchild, and prints the ids of both. */
const GUARDIAN = `
  import { spawn } from 'node:child_process';
  import { createInterface } from 'node:readline';
  import { Watchdog } from ${JSON.stringify(pathToFileURL(resolve('local/fleet/watchdog.ts')).href)};
  const watchdog = new Watchdog();
  watchdog.guardDirectory(process.argv[2]);
  const sleep = 'setInterval(() => {}, 1000)';
  const parent = "const child = require('node:child_process').spawn(process.execPath, ['-e', '" + sleep + "']); console.log(child.pid); " + sleep;
  const child = spawn(process.execPath, ['-e', parent], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  watchdog.guardProcess(child.pid);
  createInterface({ input: child.stdout }).on('line', (grandchild) => console.log(child.pid, grandchild));
`;

async function startGuardian(): Promise<{ guardian: ChildProcess; directory: string; pids: number[] }> {
  const scratch = await temporaryDirectory();
  const directory = join(scratch, 'files');
  await mkdir(directory);
  await writeFile(join(scratch, 'guardian.mts'), GUARDIAN);
  const guardian = spawn(process.execPath, ['--import', 'tsx', join(scratch, 'guardian.mts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    guardian.kill('SIGKILL');
  });
  const [line] = (await once(guardian.stdout, 'data')) as [Buffer];
  return { guardian, directory, pids: String(line).trim().split(' ').map(Number) };
}

describe('the watchdog', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'ends processes and removes files when ours is ended by %s',
    async (signal) => {
      const { guardian, directory, pids } = await startGuardian();
      expect(pids).toHaveLength(2);
      expect(pids.every(isRunning)).toBe(true);
      guardian.kill(signal);
      await until(() => !pids.some(isRunning) && !existsSync(directory));
    },
  );
});
