import { UserError } from '../user-error';
import { type SourceOptions, tryFindSource } from './container-source';
import type { ServiceDefinition } from './service';
import type { PlannedContainer } from './task';
import type { ContainerDefinition, TaskDefinition } from './task-definition';

/** A service as one deployment has it. */
export interface Revision {
  readonly service: ServiceDefinition;
  readonly containers: readonly PlannedContainer[];
  /** What all containers may hold together, in bytes. @default - as much as there is */
  readonly memory?: number;
  /** What of it is not run as AWS would, in sentences for the user. */
  readonly notes: readonly string[];
  /** Two revisions of one fingerprint need no deployment. */
  readonly fingerprint: string;
}

export interface RevisionOptions extends SourceOptions {
  readonly service: ServiceDefinition;
  readonly taskDefinition: TaskDefinition;
  /** Variables that the user sets, over the task definition's. */
  readonly overrides: Readonly<Record<string, string>>;
}

/** @throws when the container that the load balancer reaches has no files on this machine */
export function createRevision(options: RevisionOptions): Revision {
  const { service, taskDefinition, overrides } = options;
  const run: PlannedContainer[] = [];
  const notRun: ContainerDefinition[] = [];
  for (const definition of taskDefinition.containers) {
    const source = tryFindSource(definition, options);
    if (source === undefined) notRun.push(definition);
    else run.push({ definition, source });
  }
  requireRunnable(service, run, notRun);
  return {
    service,
    containers: run,
    memory: taskDefinition.memory,
    notes: [...notRun.map(describeNotRun), ...describeHealthChecks(run), ...describeSecrets(run, overrides)],
    fingerprint: JSON.stringify([taskDefinition, service.loadBalancers]),
  };
}

function requireRunnable(
  { name, loadBalancers }: ServiceDefinition,
  run: readonly PlannedContainer[],
  notRun: readonly ContainerDefinition[],
): void {
  const missing = loadBalancers.map(({ containerName }) =>
    notRun.find((container) => container.name === containerName),
  )[0];
  const [first] = missing === undefined && run.length === 0 ? notRun : [missing];
  if (first === undefined) return;
  throw new UserError(
    `cdk-nextjs-ecs local: container "${first.name}" of service ${name} has an image that was not built by cdk-nextjs-ecs ` +
      `(${first.image}); say where its files are with --container ${first.name}=DIR.`,
  );
}

function describeNotRun({ name, image }: ContainerDefinition): string {
  return `container "${name}" (${image}) is not run; --container ${name}=DIR runs its command in a directory`;
}

function describeHealthChecks(run: readonly PlannedContainer[]): string[] {
  return run
    .filter(({ definition }) => definition.checksHealth)
    .map(
      ({ definition }) => `container "${definition.name}": its own health check is not run, the load balancer's are`,
    );
}

function describeSecrets(run: readonly PlannedContainer[], overrides: Readonly<Record<string, string>>): string[] {
  const names = [...new Set(run.flatMap(({ definition }) => definition.secrets))].filter(
    (name) => !(name in overrides),
  );
  if (names.length === 0) return [];
  return [`secrets have placeholder values (--env NAME=VALUE sets one): ${names.join(', ')}`];
}
