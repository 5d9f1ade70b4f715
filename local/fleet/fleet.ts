import { setTimeout as delay } from 'node:timers/promises';

import { UserError } from '../user-error';
import { type SourceOptions, tryFindSource } from './container-source';
import type { OutputSink } from './output';
import { Replica, type ReplicaState } from './replica';
import type { ServiceDefinition } from './service';
import type { PlannedContainer, TaskPlan } from './task';
import type { Targets } from './targets';
import type { ContainerDefinition, TaskDefinition } from './task-definition';
import type { Watchdog } from './watchdog';

export interface FleetOptions extends SourceOptions {
  readonly service: ServiceDefinition;
  readonly taskDefinition: TaskDefinition;
  /** @default - the service's desired count */
  readonly replicas?: number;
  /** First part of the replicas' ids. @default 'replica' */
  readonly replicaName?: string;
  /** Where the local AWS services are, and credentials for them. */
  readonly services: Readonly<Record<string, string>>;
  /** Variables that the user sets, over the task definition's. */
  readonly overrides: Readonly<Record<string, string>>;
  readonly targets: Targets;
  readonly watchdog: Watchdog;
  /** Below this folder each task gets its own. */
  readonly directory: string;
  /** Takes what the replicas print. */
  readonly output: OutputSink;
}

export interface FleetStopOptions {
  /** Whether requests under way are waited for, as in a deployment. @default true */
  readonly drain?: boolean;
  /** Cap of the containers' own stop timeouts, in milliseconds. @default - the containers' own */
  readonly stopTimeout?: number;
}

/** A replica that ends so often before it is healthy cannot start. */
const FAILED_STARTS = 3;

/** Longest wait for all replicas to be healthy, in milliseconds. */
const START_TIMEOUT = 180_000;

const POLL_INTERVAL = 20;

/** An ECS service as processes on loopback. */
export class Fleet {
  /** What of the service is not run as AWS would, in sentences for the user. */
  readonly notes: readonly string[];
  private readonly members: Replica[] = [];
  private readonly plan: TaskPlan;
  private lastId = 0;

  /** @throws when the container that the load balancer reaches has no files on this machine */
  constructor(private readonly options: FleetOptions) {
    const { service, taskDefinition, services, overrides, targets, watchdog } = options;
    const { run, notRun } = planContainers(taskDefinition, options);
    requireRunnable(service, run, notRun);
    this.plan = { containers: run, loadBalancers: service.loadBalancers, services, overrides, targets, watchdog };
    this.notes = [...notRun.map(describeNotRun), ...describeSecrets(run, overrides)];
  }

  get replicas(): ReplicaState[] {
    return this.members.map(({ state }) => state);
  }

  /** Starts the replicas and waits until the load balancer finds all of them healthy. */
  async start(): Promise<void> {
    await this.scale(this.options.replicas ?? this.options.service.desiredCount);
  }

  /** Adds replicas and waits until they are healthy, or drains and stops the latest. */
  async scale(count: number): Promise<void> {
    const removed = this.members.splice(count);
    const added = Array.from({ length: count - this.members.length }, () => this.createReplica());
    this.members.push(...added);
    await Promise.all([...added.map(waitUntilHealthy), ...removed.map((replica) => replica.stop({ drain: true }))]);
  }

  /** Sends a signal to a replica's processes. It is started again when it ends of it. */
  kill(id: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    const replica = this.members.find((member) => member.id === id);
    if (replica === undefined) {
      const ids = this.members.map((member) => member.id).join(', ');
      throw new Error(`cdk-nextjs-ecs local: there is no replica "${id}"; there are: ${ids}.`);
    }
    replica.kill(signal);
  }

  async stop({ drain = true, stopTimeout }: FleetStopOptions = {}): Promise<void> {
    await Promise.all(this.members.map((replica) => replica.stop({ drain, stopTimeout })));
  }

  private createReplica(): Replica {
    const { directory, output, replicaName = 'replica' } = this.options;
    return new Replica(`${replicaName}-${++this.lastId}`, this.plan, directory, output);
  }
}

function planContainers(taskDefinition: TaskDefinition, options: SourceOptions) {
  const run: PlannedContainer[] = [];
  const notRun: ContainerDefinition[] = [];
  for (const definition of taskDefinition.containers) {
    const source = tryFindSource(definition, options);
    if (source === undefined) notRun.push(definition);
    else run.push({ definition, source });
  }
  return { run, notRun };
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

function describeSecrets(run: readonly PlannedContainer[], overrides: Readonly<Record<string, string>>): string[] {
  const names = [...new Set(run.flatMap(({ definition }) => definition.secrets))].filter(
    (name) => !(name in overrides),
  );
  if (names.length === 0) return [];
  return [`secrets have placeholder values (--env NAME=VALUE sets one): ${names.join(', ')}`];
}

async function waitUntilHealthy(replica: Replica): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT;
  for (let { state } = replica.state; state !== 'healthy'; { state } = replica.state) {
    if (replica.isEnding()) {
      throw new Error(`cdk-nextjs-ecs local: ${replica.id} was stopped before it was healthy.`);
    }
    if (replica.failedStarts >= FAILED_STARTS && state === 'restarting') {
      throw cannotStart(replica, `ended ${replica.failedStarts} times before it was healthy`);
    }
    if (performance.now() > deadline) throw cannotStart(replica, `was not healthy after ${START_TIMEOUT / 1000} s`);
    await delay(POLL_INTERVAL);
  }
  replica.failedStarts = 0;
}

function cannotStart(replica: Replica, what: string): Error {
  return new Error(`cdk-nextjs-ecs local: ${replica.id} ${what}. Its last lines were:\n${String(replica.output)}`);
}
