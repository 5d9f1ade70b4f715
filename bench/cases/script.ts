import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { BENCH } from '../harness/app';
import type { Lab } from '../harness/lab';

/** Runs a benchmark that is a script of its own, and answers what it printed. */
export async function runScript(lab: Lab, script: string): Promise<string> {
  const args = ['--import', 'tsx', path.join(BENCH, script)];
  const child = spawn(process.execPath, args, { cwd: path.dirname(BENCH), stdio: ['ignore', 'pipe', 'inherit'] });
  lab.scope.defer(() => {
    child.kill('SIGTERM');
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return output;
}
