export { LocalStack } from './local-stack';
export type { DeployResult, LocalStackOptions, LocalStackState, Pace } from './options';
export { assertPortFree } from './port';
export { Scratch } from './scratch';
