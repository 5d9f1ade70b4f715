import { readFileSync, writeFileSync } from 'node:fs';
import { inject } from 'vitest';

import { Project } from './project';
import { CDK_VERSION, CONSTRUCTS_VERSION } from './versions';

export const PEERS = [`constructs@${CONSTRUCTS_VERSION}`, `aws-cdk-lib@${CDK_VERSION}`];

const MANIFEST = '{ "name": "infra", "version": "1.0.0", "private": true }';

/** A project as `npm install --save-dev cdk-nextjs-ecs aws-cdk-lib constructs` leaves it. */
export async function npmProject(language: string, ...more: readonly string[]): Promise<Project> {
  const project = new Project(language);
  project.write('package.json', MANIFEST);
  await project.run('npm', 'install', '--save-dev', inject('archive'), ...PEERS, ...more);
  return project;
}

/**
 * A project whose aws-cdk-lib may be older than the package allows: the one whose bindings another language's registry has at the moment.
 * The installed package is told to be content with it, which jsii puts into what it generates.
 */
export async function npmProjectWithCdk(version: string): Promise<Project> {
  const project = new Project('javascript');
  project.write('package.json', MANIFEST);
  const packages = [inject('archive'), `constructs@${CONSTRUCTS_VERSION}`, `aws-cdk-lib@${version}`];
  await project.run('npm', 'install', '--legacy-peer-deps', '--save-dev', ...packages);
  if (version !== CDK_VERSION) allowCdk(version, project);
  return project;
}

function allowCdk(version: string, project: Project): void {
  for (const [file, field] of [
    ['package.json', 'peerDependencies'],
    ['.jsii', 'dependencies'],
  ] as const) {
    const path = project.path('node_modules/cdk-nextjs-ecs', file);
    const content = JSON.parse(readFileSync(path, 'utf8')) as Record<string, Record<string, string>>;
    content[field] = { ...content[field], 'aws-cdk-lib': `^${version}` };
    writeFileSync(path, JSON.stringify(content));
  }
}
