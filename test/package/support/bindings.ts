import { createRequire } from 'node:module';

import { scratch } from '../../lib/bundle';
import type { Project } from './project';
import { run } from './run';

const require = createRequire(import.meta.url);

/**
 * Generates the installed package's bindings for other languages, without building them.
 *
 * @returns the folder that has one of each target's name
 */
export async function generateBindings(project: Project, ...targets: readonly string[]): Promise<string> {
  const output = scratch();
  const options = ['--code-only', '--no-npmignore', '--rosetta-unknown-snippets', 'verbatim', '--outdir', output];
  await run(
    project.path('node_modules/cdk-nextjs-ecs'),
    [process.execPath, require.resolve('jsii-pacmak/bin/jsii-pacmak'), ...options, '--targets', ...targets],
    // It packs the package anew, as it was installed.
    { npm_config_ignore_scripts: 'true' },
  );
  return output;
}
