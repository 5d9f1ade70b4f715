import { join } from 'node:path';

import { type ResolvedResource, type ResolvedStack, tryFindDockerAsset } from '../assembly';
import type { ServiceEvent } from '../events';
import {
  type DeploymentEvent,
  Fleet,
  type OutputSink,
  readService,
  readTaskDefinition,
  type ServiceDefinition,
  type ServiceRevision,
  STARTS_AT_ONCE,
  type Targets,
  tryFindSource,
  type Watchdog,
  type Workspaces,
} from '../fleet';
import { UserError } from '../user-error';

export interface ServicesOptions {
  /** Number of replicas of each service behind a load balancer. @default - the services' desired counts */
  readonly replicas?: number;
  /** Variables of the tasks by which they find the stores. */
  readonly services: Readonly<Record<string, string>>;
  readonly overrides: Readonly<Record<string, string>>;
  /** Folders of containers of foreign images, by container name. */
  readonly containers: Readonly<Record<string, string>>;
  readonly targets: Targets;
  readonly workspaces: Workspaces;
  readonly watchdog: Watchdog;
  readonly directory: string;
  readonly output: OutputSink;
  /** Takes the events of the services' deployments. */
  readonly onEvent: (event: ServiceEvent) => void;
}

/** An ECS service of the template, with what it is to run. */
export interface StackService extends ServiceRevision {
  readonly arn: string;
}

/** The ECS services of a template. */
export function readServices(stack: ResolvedStack): readonly StackService[] {
  return stack.ofType('AWS::ECS::Service').map((resource) => {
    const service = readService(resource.logicalId, { ...resource.properties });
    return {
      arn: resource.physicalId,
      service,
      taskDefinition: readTaskDefinition({ ...findTaskDefinition(stack, resource, service.taskDefinition) }),
      imageAsset: (image) => tryFindDockerAsset(stack.artifact, image),
    };
  });
}

/** A fleet for each of the services. */
export function createFleets(services: readonly StackService[], options: ServicesOptions): Fleet[] {
  const { containers } = options;
  refuseUnknownContainers(
    containers,
    services.flatMap(({ taskDefinition }) => taskDefinition.containers.map(({ name }) => name)),
  );
  return services.map(({ arn, service, taskDefinition, imageAsset }) => {
    const names = taskDefinition.containers.map(({ name }) => name);
    return new Fleet({
      service,
      taskDefinition,
      replicas: replicasOf(service, options.replicas),
      // Where there is one service, its name would only make the ids longer.
      replicaName: services.length === 1 ? undefined : service.name,
      services: options.services,
      overrides: options.overrides,
      directories: Object.fromEntries(Object.entries(containers).filter(([name]) => names.includes(name))),
      imageAsset,
      targets: options.targets,
      workspaces: options.workspaces,
      watchdog: options.watchdog,
      directory: join(options.directory, service.name),
      output: options.output,
      onDeployment: (event) => {
        options.onEvent(deploymentEvent(arn, event));
      },
    });
  });
}

/** Begins to make what the services' first tasks will live in, so that they need not wait for it. */
export function prepareWorkspaces(
  services: readonly StackService[],
  { workspaces, replicas, containers }: Pick<ServicesOptions, 'workspaces' | 'replicas' | 'containers'>,
): void {
  for (const { service, taskDefinition, imageAsset } of services) {
    const count = Math.min(replicasOf(service, replicas) ?? service.desiredCount, STARTS_AT_ONCE);
    for (const container of taskDefinition.containers) {
      const source = tryFindSource(container, { imageAsset, directories: containers });
      if (source?.imageRoot !== undefined) workspaces.prepare(source.directory, count);
    }
  }
}

/** The number that the user wants goes for what is behind a load balancer. */
function replicasOf({ loadBalancers }: ServiceDefinition, replicas: number | undefined): number | undefined {
  return loadBalancers.length > 0 ? replicas : undefined;
}

function deploymentEvent(serviceArn: string, event: DeploymentEvent): ServiceEvent {
  return {
    source: 'aws.ecs',
    detailType: 'ECS Deployment State Change',
    resources: [serviceArn],
    detail: { ...event, updatedAt: new Date().toISOString() },
  };
}

function findTaskDefinition(
  stack: ResolvedStack,
  service: ResolvedResource,
  id: string,
): ResolvedResource['properties'] {
  const found = stack.ofType('AWS::ECS::TaskDefinition').find(({ physicalId }) => physicalId === id);
  if (found !== undefined) return found.properties;
  throw new UserError(
    `cdk-nextjs-ecs local: service ${service.logicalId} runs the task definition ${id}, which is not in stack ${stack.name}.`,
  );
}

function refuseUnknownContainers(containers: Readonly<Record<string, string>>, names: readonly string[]): void {
  const unknown = Object.keys(containers).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new UserError(
    `cdk-nextjs-ecs local: --container names "${unknown}", but no task definition has such a container; there are: ${names.join(', ') || 'none'}.`,
  );
}
