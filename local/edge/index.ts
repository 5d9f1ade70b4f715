export type { Result } from './answer';
export { Edge, type EdgeOptions } from './edge';
export type { EdgeEvent, FunctionRun } from './edge-event';
export type { Hosts, OriginTiming } from './origin-client';
export type { EdgeResource } from './resource';
