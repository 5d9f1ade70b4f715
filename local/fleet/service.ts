import { list, number, record, text } from '../properties';

/** The part of an `AWS::ECS::Service` that can run as processes. */
export interface ServiceDefinition {
  readonly name: string;
  /** Physical id (the arn) of the task definition. */
  readonly taskDefinition: string;
  readonly desiredCount: number;
  /** The target groups that each task joins, with the container and port that they reach. */
  readonly loadBalancers: readonly ServiceLoadBalancer[];
  /** Shares of the desired count, in percent, between which the number of tasks stays in a deployment. */
  readonly healthyPercent: { readonly minimum: number; readonly maximum: number };
  readonly circuitBreaker: { readonly isEnabled: boolean; readonly rollsBack: boolean };
  /** How long a task may be unhealthy after its start, in milliseconds. */
  readonly healthCheckGracePeriod: number;
}

export interface ServiceLoadBalancer {
  readonly targetGroupArn: string;
  readonly containerName: string;
  readonly containerPort: number;
}

/** Reads the resolved properties of an `AWS::ECS::Service`. */
export function readService(name: string, properties: Record<string, unknown>): ServiceDefinition {
  const deployment = record(properties.DeploymentConfiguration);
  const circuitBreaker = record(deployment.DeploymentCircuitBreaker);
  return {
    name,
    taskDefinition: text(properties.TaskDefinition) ?? '',
    // Without a desired count (because autoscaling owns it) CloudFormation begins with one task.
    desiredCount: number(properties.DesiredCount) ?? 1,
    loadBalancers: list(properties.LoadBalancers).flatMap((value) => {
      const { TargetGroupArn, ContainerName, ContainerPort } = record(value);
      const targetGroupArn = text(TargetGroupArn);
      const containerPort = number(ContainerPort);
      if (targetGroupArn === undefined || containerPort === undefined) return [];
      return [{ targetGroupArn, containerName: text(ContainerName) ?? '', containerPort }];
    }),
    healthyPercent: {
      minimum: number(deployment.MinimumHealthyPercent) ?? 100,
      maximum: number(deployment.MaximumPercent) ?? 200,
    },
    circuitBreaker: {
      isEnabled: text(circuitBreaker.Enable) === 'true',
      rollsBack: text(circuitBreaker.Rollback) === 'true',
    },
    healthCheckGracePeriod: (number(properties.HealthCheckGracePeriodSeconds) ?? 0) * 1000,
  };
}
