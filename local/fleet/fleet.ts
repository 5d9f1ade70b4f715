import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

import { UserError } from '../user-error';
import type { SourceOptions } from './container-source';
import { type DeploymentEvent, type DeploymentOutcome, newDeploymentId } from './deployment-event';
import type { OutputSink } from './output';
import { Replica, type ReplicaState } from './replica';
import { createRevision, type Revision } from './revision';
import { RollingDeployment } from './rolling-deployment';
import type { ServiceDefinition } from './service';
import type { Targets } from './targets';
import type { TaskDefinition } from './task-definition';
import type { Watchdog } from './watchdog';
import type { Workspaces } from './workspaces';

/** What a deployment of the service changes. */
export interface ServiceRevision {
  readonly service: ServiceDefinition;
  readonly taskDefinition: TaskDefinition;
  /** The image asset behind a resolved image name. */
  readonly imageAsset: SourceOptions['imageAsset'];
}

export interface FleetOptions extends ServiceRevision, SourceOptions {
  /** @default - the service's desired count */
  readonly replicas?: number;
  /** How many replicas begin before one is healthy. @default - as many as this machine has processors, but for the one that we need */
  readonly startsAtOnce?: number;
  /** First part of the replicas' ids. @default 'replica' */
  readonly replicaName?: string;
  /** Where the local AWS services are, and credentials for them. */
  readonly services: Readonly<Record<string, string>>;
  /** Variables that the user sets, over the task definition's. */
  readonly overrides: Readonly<Record<string, string>>;
  readonly targets: Targets;
  readonly workspaces: Workspaces;
  readonly watchdog: Watchdog;
  /** Below this folder each task gets its own. */
  readonly directory: string;
  /** Takes what the replicas print. */
  readonly output: OutputSink;
  /** Hears of the service's deployments. @default - nobody does */
  readonly onDeployment?: (event: DeploymentEvent) => void;
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

export const STARTS_AT_ONCE = Math.max(1, availableParallelism() - 1);

/** An ECS service as processes on loopback. */
export class Fleet {
  private readonly members: Replica[] = [];
  private revision: Revision;
  private desired: number;
  private deployment?: { readonly id: string; readonly work: Promise<unknown> };
  private lastId = 0;
  private isStopping = false;

  /** @throws when the container that the load balancer reaches has no files on this machine */
  constructor(private readonly options: FleetOptions) {
    this.revision = createRevision(options);
    this.desired = options.replicas ?? options.service.desiredCount;
  }

  /** Logical id of the service. */
  get name(): string {
    return this.options.service.name;
  }

  /** What of the service is not run as AWS would, in sentences for the user. */
  get notes(): readonly string[] {
    return this.revision.notes;
  }

  get replicas(): ReplicaState[] {
    return this.members.map(({ state }) => state);
  }

  /** Id of the replica whose task has that address now. */
  replicaAt(url: string): string | undefined {
    return this.members.find((member) => member.url === url)?.id;
  }

  /** Whether the service can be scaled by the number of replicas that the user wants. */
  get isBalanced(): boolean {
    return this.revision.service.loadBalancers.length > 0;
  }

  /** Starts the replicas and waits until the load balancer finds all of them healthy. */
  async start(): Promise<void> {
    const deploymentId = newDeploymentId();
    this.tell('SERVICE_DEPLOYMENT_IN_PROGRESS', deploymentId, `ECS deployment ${deploymentId} in progress.`);
    const { desired } = this;
    // More would only delay the first one, for which viewers wait.
    await this.scale(Math.min(desired, this.options.startsAtOnce ?? STARTS_AT_ONCE));
    if (!this.isStopping) await this.scale(desired);
    this.tell('SERVICE_DEPLOYMENT_COMPLETED', deploymentId, `ECS deployment ${deploymentId} completed.`);
  }

  /** Fulfilled when a replica is healthy, where there are to be any. */
  async serving(): Promise<void> {
    const isServing = () => this.desired === 0 || this.members.some(({ state }) => state.state === 'healthy');
    while (!isServing() && !this.isStopping) await delay(POLL_INTERVAL);
  }

  /** Adds replicas and waits until they are healthy, or drains and stops the latest. */
  async scale(count: number): Promise<void> {
    this.refuseWhileDeploying();
    this.desired = count;
    const removed = this.members.splice(count);
    const added = Array.from({ length: count - this.members.length }, () => this.createReplica(this.revision));
    this.members.push(...added);
    await Promise.all([...added.map(waitUntilHealthy), ...removed.map((replica) => replica.stop({ drain: true }))]);
  }

  /**
   * Replaces the replicas as ECS does in a rolling deployment. Fulfilled when nothing of the replaced revision is left; a deployment whose
   * tasks fail is given up and, where the service asks for it, rolled back.
   */
  async deploy(next: ServiceRevision): Promise<DeploymentOutcome> {
    this.refuseWhileDeploying();
    const revision = createRevision({ ...this.options, ...next });
    if (revision.fingerprint === this.revision.fingerprint) return 'unchanged';
    const id = newDeploymentId();
    const work = this.perform(id, revision);
    this.deployment = { id, work };
    try {
      return await work;
    } finally {
      this.deployment = undefined;
    }
  }

  /** Sends a signal to a replica's processes. It is started again when it ends of it. */
  kill(id: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    this.find(id).kill(signal);
  }

  /** Puts a replica's clock wrong, and that of the tasks that follow in its place. @param milliseconds ahead of the right time */
  skew(id: string, milliseconds: number): void {
    this.find(id).skew(milliseconds);
  }

  async stop({ drain = true, stopTimeout }: FleetStopOptions = {}): Promise<void> {
    this.isStopping = true;
    // Who stands still would not hear that it is to end.
    for (const replica of this.members) if (replica.state.frozen) replica.kill('SIGCONT');
    await Promise.all(this.members.map((replica) => replica.stop({ drain, stopTimeout })));
    await this.deployment?.work.catch(() => undefined);
  }

  private find(id: string): Replica {
    const replica = this.members.find((member) => member.id === id);
    if (replica !== undefined) return replica;
    const ids = this.members.map((member) => member.id).join(', ') || 'none';
    throw new UserError(`cdk-nextjs-ecs local: there is no replica "${id}"; there are: ${ids}.`);
  }

  private async perform(id: string, revision: Revision): Promise<DeploymentOutcome> {
    this.tell('SERVICE_DEPLOYMENT_IN_PROGRESS', id, `ECS deployment ${id} in progress.`);
    if (await this.roll(revision)) {
      this.revision = revision;
      this.tell('SERVICE_DEPLOYMENT_COMPLETED', id, `ECS deployment ${id} completed.`);
      return 'completed';
    }
    this.tell('SERVICE_DEPLOYMENT_FAILED', id, 'ECS deployment circuit breaker: task failed to start.');
    if (!revision.service.circuitBreaker.rollsBack) {
      await this.abandon(revision);
      return 'failed';
    }
    const back = newDeploymentId();
    const reason = `ECS deployment circuit breaker: rolling back to deploymentId ${back}.`;
    this.tell('SERVICE_DEPLOYMENT_IN_PROGRESS', back, reason);
    await this.roll(this.revision);
    this.tell('SERVICE_DEPLOYMENT_COMPLETED', back, `ECS deployment ${back} completed.`);
    return 'rolled-back';
  }

  private async roll(revision: Revision): Promise<boolean> {
    return new RollingDeployment(this.members, {
      revision,
      desired: this.desired,
      create: () => this.createReplica(revision),
      isStopping: () => this.isStopping,
    }).run();
  }

  /** Ends what of a failed deployment serves nobody. */
  private async abandon(revision: Revision): Promise<void> {
    const failing = this.members.filter((member) => member.revision === revision && member.state.state !== 'healthy');
    for (const replica of failing) this.members.splice(this.members.indexOf(replica), 1);
    await Promise.all(failing.map((replica) => replica.stop({ drain: false })));
  }

  private createReplica(revision: Revision): Replica {
    const { directory, output, replicaName = 'replica' } = this.options;
    const { containers, memory, service } = revision;
    const { loadBalancers, healthCheckGracePeriod } = service;
    const { services, overrides, targets, workspaces, watchdog } = this.options;
    const plan = { containers, memory, loadBalancers, healthCheckGracePeriod };
    const around = { services, overrides, targets, workspaces, watchdog };
    return new Replica(`${replicaName}-${++this.lastId}`, revision, { ...plan, ...around }, directory, output);
  }

  private tell(eventName: DeploymentEvent['eventName'], deploymentId: string, reason: string): void {
    const eventType = eventName === 'SERVICE_DEPLOYMENT_FAILED' ? 'ERROR' : 'INFO';
    this.options.onDeployment?.({ eventType, eventName, deploymentId, reason });
  }

  private refuseWhileDeploying(): void {
    if (this.deployment === undefined) return;
    throw new Error(
      `cdk-nextjs-ecs local: deployment ${this.deployment.id} of ${this.name} is in progress: wait for its end.`,
    );
  }
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
