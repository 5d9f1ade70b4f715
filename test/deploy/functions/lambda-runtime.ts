import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withFileLock } from '../../fixtures/file-lock';
import { run } from '../image/command';
import { cannotProve } from '../support/tool';

const DIRECTORY = join(import.meta.dirname, 'lambda');

/** What Lambda runs functions with. */
export interface LambdaRuntime {
  readonly node: string;
  readonly args: readonly string[];
}

/**
 * Node.js 24 and AWS' client of the Runtime API, which are installed beside this file when they are first asked for.
 *
 * @returns undefined where that cannot be done and, outside of CI, `what` remains unproven
 */
export async function tryInstallRuntime(what: string): Promise<LambdaRuntime | undefined> {
  const node = join(DIRECTORY, `node_modules/node-linux-${process.arch}/bin/node`);
  const client = join(DIRECTORY, 'node_modules/aws-lambda-ric/index.mjs');
  const isInstalled = () => existsSync(node) && existsSync(client);
  // Test files run beside each other.
  await withFileLock(join(tmpdir(), 'cdk-nextjs-ecs-lambda-runtime.lock'), async () => {
    if (!isInstalled()) await install();
  });
  if (isInstalled()) return { node, args: ['--import', join(DIRECTORY, 'rapid-client.mjs'), client] };
  cannotProve(what, `npm did not give Node.js 24 for ${process.platform} on ${process.arch}`);
  return undefined;
}

/** Without scripts: they would compile the client's native part. What goes wrong is seen by what is missing. */
async function install(): Promise<void> {
  const args = ['ci', '--ignore-scripts', '--no-fund', '--no-audit'];
  await run('npm', args, { directory: DIRECTORY }).catch(() => undefined);
}
