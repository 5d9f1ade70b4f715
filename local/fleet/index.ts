export type { ImageAsset } from './container-source';
export { Fleet, type FleetOptions, type FleetStopOptions } from './fleet';
export type { OutputSink } from './output';
export type { ReplicaState, ReplicaStatus } from './replica';
export { readService, type ServiceDefinition } from './service';
export type { Target, TargetHealth, Targets } from './targets';
export { readTaskDefinition, type TaskDefinition } from './task-definition';
export { Watchdog } from './watchdog';
