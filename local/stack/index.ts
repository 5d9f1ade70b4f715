export { DataDirectory } from './data-directory';
export { LocalStack } from './local-stack';
export type { Metrics, RevalidationOrder } from './observation';
export type { DeployResult, LocalStackOptions, LocalStackState, Pace } from './options';
export { assertPortFree } from './port';
export { findRunningStacks, type RunningStack } from './running-stacks';
export { Scratch } from './scratch';
export type { TagState } from './site-tags';
