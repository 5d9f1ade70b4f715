import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appWithBundle, scratch } from './bundle';

const ROOT = resolve(__dirname, '../..');

/** Runs the CDK app as the `cdk` command does. */
function runApp(context: Record<string, string>) {
  const outdir = join(scratch(), 'cdk.out');
  const tsx = createRequire(__filename).resolve('tsx/cli');
  const { status, stderr } = spawnSync(process.execPath, [tsx, 'bin/app.ts'], {
    cwd: ROOT,
    encoding: 'utf8',
    // Other tests validate the template, which takes seconds to start.
    env: { ...process.env, CDK_VALIDATION: 'false', CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
  return { outdir, status, stderr };
}

describe('the CDK app', { timeout: 180_000 }, () => {
  it('deploys the app that the context names, as the stack that it names', () => {
    const { outdir, status, stderr } = runApp({ app: appWithBundle(), stack: 'Shop' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(existsSync(join(outdir, 'Shop.template.json'))).toBe(true);
  });

  it('says in one line what is wrong with the app', () => {
    const app = scratch();
    const { outdir, status, stderr } = runApp({ app });
    expect(status).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^cdk-nextjs-ecs .* Run: npx cdk-nextjs-ecs build /),
    ]);
    expect(existsSync(join(outdir, 'NextjsSite.template.json'))).toBe(false);
  });
});
