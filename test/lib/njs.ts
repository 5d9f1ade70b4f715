import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratch } from './bundle';

/** nginx' JavaScript, in whose words CloudFront refuses what it does not know: https://nginx.org/en/docs/njs/cli.html */
const NJS = process.env.NJS ?? 'njs';

/**
 * Whether this machine has it.
 *
 * @throws where it is missing in CI: a check that runs nowhere proves nothing
 */
export function hasNjs(): boolean {
  const installed = spawnSync(NJS, ['-v']).status === 0;
  if (!installed && process.env.CI === 'true') throw new Error('test/lib: CI needs njs: apt-get install njs');
  return installed;
}

/** What the function makes of an event. */
export function runInNjs(code: string, event: object): unknown {
  const file = join(scratch(), 'function.js');
  writeFileSync(file, `${code}\nconsole.log(JSON.stringify(handler(${JSON.stringify(event)})));\n`);
  const { status, stdout, stderr } = spawnSync(NJS, [file], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`njs: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}
