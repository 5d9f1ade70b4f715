/** Where a replica listens. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

export type TargetHealth = 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';

/** The load balancer as ECS sees it. */
export interface Targets {
  register(targetGroupArn: string, target: Target): void;
  /** Fulfilled when the target is drained: no request of it is left, or the deregistration delay is over. */
  deregister(targetGroupArn: string, target: Target): Promise<void>;
  health(targetGroupArn: string, target: Target): TargetHealth;
}
