import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { proven } from '../deploy/support/proof';
import { hasTools } from '../deploy/support/tool';
import { scratch } from '../lib/bundle';
import { generateBindings } from './support/bindings';
import { npmProjectWithCdk } from './support/npm-project';
import { Project } from './support/project';
import { run } from './support/run';
import { cdkVersions, CONSTRUCTS_VERSION } from './support/versions';

const SAME = 'Python synthesizes the same template as TypeScript';

async function newestCdk(): Promise<string> {
  const published = await run(scratch(), ['python3', '-m', 'pip', 'index', 'versions', 'aws-cdk-lib']);
  const versions = new Set(published.match(/\d+\.\d+\.\d+/g));
  const newest = [...cdkVersions()].find((version) => versions.has(version));
  if (newest === undefined) throw new Error(`test/package: pip has no aws-cdk-lib of these months: ${published}`);
  return newest;
}

async function buildWheel(source: string): Promise<string> {
  const directory = scratch();
  await run(directory, ['python3', '-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', directory, source]);
  return join(directory, readdirSync(directory)[0] ?? '');
}

describe.skipIf(!hasTools(SAME, 'python3'))('the bindings for Python', () => {
  it('synthesize the same template as TypeScript', async () => {
    const cdk = await newestCdk();
    const reference = await npmProjectWithCdk(cdk);
    const wheel = await buildWheel(join(await generateBindings(reference, 'python'), 'python'));
    const project = new Project('python');
    await project.run('python3', '-m', 'venv', 'venv');
    const packages = [wheel, `aws-cdk-lib==${cdk}`, `constructs==${CONSTRUCTS_VERSION}`];
    await project.run('venv/bin/pip', 'install', '--quiet', '--only-binary', ':all:', ...packages);
    const template = await project.synthesize('venv/bin/python', 'app.py');
    expect(template).toEqual(await reference.synthesize(process.execPath, 'app.mjs'));
    proven(SAME, `wheel, aws-cdk-lib ${cdk}`);
  });
});
