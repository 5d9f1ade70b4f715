/** What the function is invoked with, as far as it looks at it: AWS' own shapes, and a request of ours. */
export type PurgeEvent = StreamEvent | DeploymentEvent | ReplayRequest;

/** https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

export interface StreamRecord {
  readonly eventID?: string;
  readonly eventName?: string;
  readonly dynamodb?: {
    /** Seconds since the epoch, rounded down. */
    readonly ApproximateCreationDateTime?: number;
    readonly Keys?: Attributes;
    readonly NewImage?: Attributes;
    readonly SequenceNumber?: string;
  };
}

export type Attributes = Readonly<Record<string, { readonly S?: string; readonly N?: string } | undefined>>;

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html */
export interface DeploymentEvent {
  readonly id: string;
  readonly time: string;
  readonly 'detail-type': typeof DEPLOYMENT_STATE_CHANGE;
  readonly detail: { readonly eventName: string; readonly deploymentId?: string };
}

/** Asks to purge what was kept: `{ "replay": true }`. */
export interface ReplayRequest {
  readonly replay: true;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html */
export interface BatchResult {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** What Lambda tells about an invocation, as far as the function asks. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

const DEPLOYMENT_STATE_CHANGE = 'ECS Deployment State Change';
const DEPLOYMENT_COMPLETED = 'SERVICE_DEPLOYMENT_COMPLETED';

export function isStreamEvent(event: unknown): event is StreamEvent {
  return isObject(event) && Array.isArray(event.Records);
}

/** Sent after a roll-back too; other states of a deployment purge nothing. */
export function isCompletedDeployment(event: unknown): event is DeploymentEvent {
  if (!isObject(event) || event['detail-type'] !== DEPLOYMENT_STATE_CHANGE) return false;
  return isObject(event.detail) && event.detail.eventName === DEPLOYMENT_COMPLETED;
}

export function isReplayRequest(event: unknown): event is ReplayRequest {
  return isObject(event) && event.replay === true;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
