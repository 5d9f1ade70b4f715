import { randomInt } from 'node:crypto';

/** What becomes of a deployment, as ECS tells EventBridge: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
export interface DeploymentEvent {
  readonly eventType: 'INFO' | 'ERROR';
  readonly eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS' | 'SERVICE_DEPLOYMENT_COMPLETED' | 'SERVICE_DEPLOYMENT_FAILED';
  readonly deploymentId: string;
  readonly reason: string;
}

/** What a deployment has come to. */
export type DeploymentOutcome =
  /** The service runs it already. */
  | 'unchanged'
  | 'completed'
  /** Its tasks failed; the service runs the earlier revision again. */
  | 'rolled-back'
  /** Its tasks failed, and nothing was put in their place. */
  | 'failed';

/** For example `ecs-svc/1234567890123456789`. */
export function newDeploymentId(): string {
  return `ecs-svc/${randomInt(1e9, 1e10)}${String(randomInt(0, 1e9)).padStart(9, '0')}`;
}
