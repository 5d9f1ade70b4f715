import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { proven } from '../deploy/support/proof';
import { hasTools } from '../deploy/support/tool';
import { scratch } from '../lib/bundle';
import { generateBindings } from './support/bindings';
import { npmProjectWithCdk } from './support/npm-project';
import { Project } from './support/project';
import { run } from './support/run';
import { newestCdk } from './support/versions';

const SAME = 'Go synthesizes the same template as TypeScript';
const CDK = 'github.com/aws/aws-cdk-go/awscdk/v2';
const BINDINGS = 'github.com/cdk-nextjs-ecs/cdk-nextjs-ecs-go/cdknextjsecs';

/** jsii asks for the versions that npm has of what the CDK needs; Go may get them later, and takes those that the CDK asks for. */
function leaveIndirectToCdk(file: string): void {
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/^.*\/\/ indirect\n/gm, ''));
}

describe.skipIf(!hasTools(SAME, 'go'))('the bindings for Go', () => {
  it('synthesize the same template as TypeScript', async () => {
    // Asked for one by one: not every proxy lists them.
    const cdk = await newestCdk((version) => run(scratch(), ['go', 'list', '-m', `${CDK}@v${version}`]));
    const reference = await npmProjectWithCdk(cdk);
    const project = new Project('go');
    const module = join(await generateBindings(reference, 'go'), 'go/cdknextjsecs');
    leaveIndirectToCdk(join(module, 'go.mod'));
    await project.run('go', 'mod', 'edit', '-require', `${CDK}@v${cdk}`, '-replace', `${BINDINGS}=${module}`);
    // Unoptimized: the CDK's packages are large, and the program runs for seconds.
    await project.run('go', 'build', '-mod=mod', '-gcflags=all=-N -l', '-ldflags=-s -w', '-o', 'web', '.');
    const template = await project.synthesize('./web');
    expect(template).toEqual(await reference.synthesize(process.execPath, 'app.mjs'));
    proven(SAME, `module, aws-cdk-lib ${cdk}`);
  });
});
