export type { ImageAsset } from './container-source';
export type { DeploymentEvent, DeploymentOutcome } from './deployment-event';
export { Fleet, type FleetOptions, type FleetStopOptions, type ServiceRevision } from './fleet';
export { type OutputSink, readLines } from './output';
export type { ReplicaState, ReplicaStatus } from './replica';
export { readService, type ServiceDefinition } from './service';
export type { Target, TargetHealth, Targets } from './targets';
export { readTaskDefinition, type TaskDefinition } from './task-definition';
export { Watchdog } from './watchdog';
