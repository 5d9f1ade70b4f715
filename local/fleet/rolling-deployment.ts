import { setTimeout as delay } from 'node:timers/promises';

import type { Replica } from './replica';
import type { Revision } from './revision';

export interface RollingDeploymentOptions {
  /** What all replicas are to run. */
  readonly revision: Revision;
  readonly desired: number;
  /** Makes a replica of the revision. */
  readonly create: () => Replica;
  /** Whether the whole fleet is being stopped. */
  readonly isStopping: () => boolean;
}

/** The circuit breaker's bounds: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html */
const FEWEST_FAILURES = 3;
const MOST_FAILURES = 200;

const POLL_INTERVAL = 20;

/**
 * Replaces the replicas of a service by those of a revision, as ECS does: never fewer healthy ones than the minimum, never more at a time
 * than the maximum.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
 */
export class RollingDeployment {
  private readonly stopping = new Set<Promise<void>>();
  private readonly stopped = new Set<Replica>();
  private readonly fewest: number;
  private readonly most: number;

  /** @param members the fleet's replicas, which the deployment changes */
  constructor(
    private readonly members: Replica[],
    private readonly options: RollingDeploymentOptions,
  ) {
    const { desired, revision } = options;
    const { minimum, maximum } = revision.service.healthyPercent;
    this.fewest = Math.ceil((desired * minimum) / 100);
    this.most = Math.floor((desired * maximum) / 100);
  }

  /** Fulfilled when nothing else is left: true, or false when the circuit breaker has opened. */
  async run(): Promise<boolean> {
    while (!this.isDone()) {
      if (this.options.isStopping())
        throw new Error('cdk-nextjs-ecs local: the stack was stopped during a deployment.');
      if (this.hasFailed()) return false;
      this.stopReplaced();
      this.startNew();
      await delay(POLL_INTERVAL);
    }
    await Promise.all(this.stopping);
    return true;
  }

  private get fresh(): Replica[] {
    return this.members.filter(({ revision }) => revision === this.options.revision);
  }

  /** Replicas of other revisions that have not been told to stop. */
  private get replaced(): Replica[] {
    return this.members.filter((member) => member.revision !== this.options.revision && !this.stopped.has(member));
  }

  private isDone(): boolean {
    const { fresh, options } = this;
    return this.members.length === fresh.length && fresh.length === options.desired && fresh.every(isHealthy);
  }

  private hasFailed(): boolean {
    const { revision, desired } = this.options;
    if (!revision.service.circuitBreaker.isEnabled) return false;
    const threshold = Math.min(Math.max(Math.ceil(desired / 2), FEWEST_FAILURES), MOST_FAILURES);
    return this.fresh.reduce((sum, { failedStarts }) => sum + failedStarts, 0) >= threshold;
  }

  private startNew(): void {
    const running = this.members.length - this.stopped.size;
    const room = Math.min(this.most - running, this.options.desired - this.fresh.length);
    for (let count = 0; count < room; count++) this.members.push(this.options.create());
  }

  /** First those that serve nobody; of the others as many as the healthy ones above the minimum. */
  private stopReplaced(): void {
    const { replaced } = this;
    const serving = replaced.filter(isHealthy);
    const spare = serving.length + this.fresh.filter(isHealthy).length - this.fewest;
    const leaving = [...replaced.filter((member) => !isHealthy(member)), ...serving.slice(0, Math.max(0, spare))];
    for (const replica of leaving) this.stop(replica);
  }

  private stop(replica: Replica): void {
    this.stopped.add(replica);
    const stopping = replica.stop({ drain: true }).then(() => {
      this.members.splice(this.members.indexOf(replica), 1);
      this.stopped.delete(replica);
      this.stopping.delete(stopping);
    });
    this.stopping.add(stopping);
  }
}

function isHealthy({ state }: Replica): boolean {
  return state.state === 'healthy';
}
