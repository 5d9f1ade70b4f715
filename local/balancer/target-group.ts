import { HealthCheck, type HealthCheckPace } from './health-check';
import { Target, type TargetAddress, type TargetHealth } from './target';
import type { TargetGroupSettings } from './target-group-settings';

export interface TargetGroupOptions {
  readonly settings: TargetGroupSettings;
  readonly pace: HealthCheckPace;
  /** Seconds; the load balancer's. */
  readonly idleTimeout: number;
  /** Told when a target's state changes. */
  readonly onChange?: (health: TargetHealth) => void;
}

/** The targets of a group: registration, health, choice and draining. */
export class TargetGroup {
  readonly settings: TargetGroupSettings;
  private readonly members = new Map<string, { readonly target: Target; readonly check: HealthCheck }>();
  private readonly draining = new Set<Target>();
  private turn = 0;

  constructor(private readonly options: TargetGroupOptions) {
    this.settings = options.settings;
  }

  get health(): readonly TargetHealth[] {
    return [...this.targets, ...this.draining].map((target) => target.health);
  }

  register(address: TargetAddress): void {
    const target = new Target(address, this.options.idleTimeout);
    if (this.members.has(target.id)) return;
    const { settings, pace, onChange } = this.options;
    const check = new HealthCheck(target, settings.healthCheck, pace, () => onChange?.(target.health));
    this.members.set(target.id, { target, check });
    onChange?.(target.health);
  }

  /** Sends it no more requests, and waits until those under way are done or the deregistration delay is over. */
  async deregister(address: TargetAddress): Promise<void> {
    const id = `${address.host}:${String(address.port)}`;
    const member = this.members.get(id);
    if (member === undefined) return;
    const { target, check } = member;
    this.members.delete(id);
    check.stop();
    target.state = 'draining';
    target.reason = 'Target.DeregistrationInProgress';
    target.description = 'Target deregistration is in progress';
    this.draining.add(target);
    this.options.onChange?.(target.health);
    await this.drain(target);
    this.draining.delete(target);
    target.state = 'unused';
    target.reason = 'Target.NotRegistered';
    this.options.onChange?.(target.health);
    target.close();
  }

  /**
   * The target for a request, the preferred one (by id) while it is healthy.
   *
   * With no healthy target, requests go to the unhealthy ones: ALB fails open. Undefined when there is none to try.
   */
  choose(preferred?: string): Target | undefined {
    const healthy = this.targets.filter(({ state }) => state === 'healthy');
    const eligible = healthy.length > 0 ? healthy : this.targets.filter(({ state }) => state === 'unhealthy');
    return eligible.find(({ id }) => id === preferred) ?? this.next(eligible);
  }

  close(): void {
    for (const { target, check } of this.members.values()) {
      check.stop();
      target.close();
    }
    for (const target of this.draining) target.close();
    this.members.clear();
  }

  private get targets(): Target[] {
    return [...this.members.values()].map(({ target }) => target);
  }

  private next(targets: readonly Target[]): Target | undefined {
    if (targets.length === 0) return undefined;
    switch (this.settings.algorithm) {
      case 'least_outstanding_requests': {
        const fewest = Math.min(...targets.map(({ outstanding }) => outstanding));
        return this.inTurn(targets.filter(({ outstanding }) => outstanding === fewest));
      }
      case 'weighted_random':
        return targets[Math.floor(Math.random() * targets.length)];
      case 'round_robin':
        return this.inTurn(targets);
    }
  }

  private inTurn(targets: readonly Target[]): Target | undefined {
    this.turn = (this.turn + 1) % Number.MAX_SAFE_INTEGER;
    return targets[this.turn % targets.length];
  }

  private async drain(target: Target): Promise<void> {
    const delay = this.settings.deregistrationDelay * 1000 * this.options.pace.timeScale;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, delay)));
    await Promise.race([target.idle(), over]);
    clearTimeout(timer);
  }
}
