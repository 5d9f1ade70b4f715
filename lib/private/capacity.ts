import { Duration } from 'aws-cdk-lib';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { IConstruct } from 'constructs';
import type { NextjsServiceOptions } from '../nextjs-service-options';
import { ConfigurationError } from './errors';

/** Tasks that never run on Spot, so that its interruptions cannot take the site away. */
const TASKS_OFF_SPOT = 2;

/** How many tasks run, on what, and what makes it more or fewer. */
export class Capacity {
  public readonly min: number;
  public readonly max: number;
  private readonly spotPercentage: number;
  private readonly targetCpuUtilization: number;
  private readonly targetRequestsPerMinute?: number;

  constructor(scope: IConstruct, options: NextjsServiceOptions) {
    this.min = requireInteger(scope, 'minCapacity', options.minCapacity ?? 2, 1, 5000);
    this.max = requireInteger(scope, 'maxCapacity', options.maxCapacity ?? this.min, this.min, 5000);
    this.spotPercentage = requireInteger(scope, 'spotPercentage', options.spotPercentage ?? 0, 0, 100);
    this.targetCpuUtilization = requireInteger(
      scope,
      'targetCpuUtilization',
      options.targetCpuUtilization ?? 60,
      10,
      90,
    );
    const { targetRequestsPerMinute: requests } = options;
    if (requests !== undefined) {
      this.targetRequestsPerMinute = requireInteger(scope, 'targetRequestsPerMinute', requests, 1, 1_000_000);
    }
  }

  /** A number in the template would undo at each deployment what scaling did. */
  public get desiredCount(): number | undefined {
    return this.scales ? undefined : this.min;
  }

  public get usesSpot(): boolean {
    return this.spotPercentage > 0;
  }

  public get capacityProviderStrategies(): ecs.CapacityProviderStrategy[] | undefined {
    if (!this.usesSpot) return undefined;
    return [
      { capacityProvider: 'FARGATE', base: TASKS_OFF_SPOT, weight: 100 - this.spotPercentage },
      { capacityProvider: 'FARGATE_SPOT', weight: this.spotPercentage },
    ];
  }

  public addScaling(service: ecs.FargateService, targetGroup: elbv2.ApplicationTargetGroup): void {
    if (!this.scales) return;
    const scaling = service.autoScaleTaskCount({ minCapacity: this.min, maxCapacity: this.max });
    // Quick to add, slow to remove: a task that was removed too early has to warm its memory again.
    const cooldown = { scaleOutCooldown: Duration.seconds(30), scaleInCooldown: Duration.minutes(5) };
    scaling.scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: this.targetCpuUtilization, ...cooldown });
    if (this.targetRequestsPerMinute === undefined) return;
    scaling.scaleOnRequestCount('Requests', {
      requestsPerTarget: this.targetRequestsPerMinute,
      targetGroup,
      ...cooldown,
    });
  }

  private get scales(): boolean {
    return this.max > this.min;
  }
}

function requireInteger(scope: IConstruct, name: string, value: number, from: number, to: number): number {
  if (Number.isInteger(value) && value >= from && value <= to) return value;
  throw new ConfigurationError({
    part: `NextjsService.${name}`,
    scope,
    problem: `must be a whole number from ${from} to ${to}; received ${value}`,
    remedy: 'Choose a number in that range',
  });
}
