/**
 * The local stack as a library, for tests of one's own site:
 *
 * ```ts
 * import { LocalStack } from 'cdk-nextjs-ecs/local';
 *
 * const stack = await LocalStack.start('cdk.out', { replicas: 3 });
 * await fetch(`${stack.url}/`);
 * await stack.stop();
 * ```
 */
export { packBundle, type PackBundleOptions, type PackedBundle } from './bundle/pack';
export type { InvalidationQuotaOptions, InvalidationState } from './edge-api';
export type { BusEvent, ServiceEvent } from './events';
export type { Fault, FaultKind, FaultState, FaultTarget } from './faults';
export type { DeploymentOutcome, OutputSink, ReplicaState, ReplicaStatus } from './fleet';
export type { FunctionState, InvocationResult, MappingState, StreamPace } from './functions';
export { type Progress, silentProgress, StreamProgress } from './progress';
export {
  type DeployResult,
  LocalStack,
  type LocalStackOptions,
  type LocalStackState,
  type Metrics,
  type Pace,
  type RevalidationOrder,
  type TagState,
} from './stack';
export type { Interceptor, Interference, ServiceCall } from './stores';
export type { RequestSummary, RequestTrace, Step, Tone, TrafficSecond } from './trace';
export { UserError } from './user-error';
