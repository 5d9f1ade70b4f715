import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';

import { NextjsBuild, NextjsSite } from '../../../lib';
import {
  type DockerAsset,
  readAssembly,
  type ResolvedStack,
  resolveStack,
  tryFindDockerAsset,
} from '../../../local/assembly';
import { type ContainerDefinition, readTaskDefinition } from '../../../local/fleet/task-definition';
import { list, number, record, text } from '../../../local/properties';

export interface MountPoint {
  readonly volume: string;
  readonly path: string;
}

/** How the load balancer finds out whether a task is healthy. */
export interface HealthCheck {
  readonly path: string;
  readonly status: number;
}

/** What a site's template says about its tasks. */
export interface Task {
  readonly stack: ResolvedStack;
  readonly container: ContainerDefinition;
  /** Of the whole task, in bytes. */
  readonly memory: number;
  readonly hasReadonlyRoot: boolean;
  readonly mountPoints: readonly MountPoint[];
  readonly healthCheck: HealthCheck;
  /** What `cdk deploy` would build the image of. */
  readonly asset?: DockerAsset;
}

/** Synthesizes a site as `cdk synth` does, into a folder below `scratch`, and reads what came out. */
export function synthesizeTask(scratch: string, makeBuild: () => NextjsBuild): Task {
  const outdir = mkdtempSync(join(scratch, 'cdk.out-'));
  const app = new App({ outdir, analyticsReporting: false });
  new NextjsSite(new Stack(app, 'Web'), 'Site', { nextBuild: makeBuild() });
  app.synth();
  const [artifact] = readAssembly(outdir).stacks;
  if (!artifact) throw new Error(`test/deploy: no stack in ${outdir}`);
  return readTask(resolveStack(artifact));
}

function readTask(stack: ResolvedStack): Task {
  const properties = only(stack, 'AWS::ECS::TaskDefinition');
  const { memory, containers } = readTaskDefinition(properties);
  const [container] = containers;
  if (!container || memory === undefined)
    throw new Error('test/deploy: the task definition has no container or memory');
  const raw = record(list(properties.ContainerDefinitions)[0]);
  const targets = only(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup');
  return {
    stack,
    container,
    memory,
    hasReadonlyRoot: text(raw.ReadonlyRootFilesystem) === 'true',
    mountPoints: list(raw.MountPoints).map((value) => {
      const { SourceVolume, ContainerPath } = record(value);
      return { volume: text(SourceVolume) ?? '', path: text(ContainerPath) ?? '' };
    }),
    healthCheck: { path: text(targets.HealthCheckPath) ?? '', status: number(record(targets.Matcher).HttpCode) ?? 200 },
    asset: tryFindDockerAsset(stack.artifact, container.image),
  };
}

function only(stack: ResolvedStack, type: string): Readonly<Record<string, unknown>> {
  const [resource, ...others] = stack.ofType(type);
  if (!resource || others.length > 0) throw new Error(`test/deploy: expected one ${type}, found ${others.length + 1}`);
  return resource.properties;
}
