import path from 'node:path';

import { App, Stack } from 'aws-cdk-lib';

import { NextjsBuild, NextjsSite } from '../../lib';
import { findStack, readAssembly, resolveStack } from '../../local/assembly';
import { readDistribution, type Distribution } from '../../local/edge/distribution';
import { type BenchApp, temporaryFolder } from './app';
import type { Scope } from './scope';

/** Our edge in front of the app, as `cdk synth` describes it: its cache policy and its function are those that would be deployed. */
export function synthesizeEdge({ packed }: BenchApp, scope: Scope): Distribution {
  // CloudFormation's rules are the synth tests' matter.
  process.env.CDK_VALIDATION = 'false';
  const app = new App({ outdir: temporaryFolder(scope), autoSynth: false });
  const nextBuild = NextjsBuild.fromDirectory(path.dirname(packed.root));
  new NextjsSite(new Stack(app, 'Stack'), 'Site', { nextBuild });
  const stack = resolveStack(findStack(readAssembly(app.synth().directory)));
  const resources = [...stack.resources.values()];
  const distribution = resources.find(({ type }) => type === 'AWS::CloudFront::Distribution');
  if (distribution === undefined) throw new Error('bench: the stack has no distribution');
  return readDistribution({ distribution, resources });
}
