export type { TaskAt } from './request-log';
export type { RequestSummary, RequestTrace, Step, Tone } from './request-trace';
export { describeTag, isOfApp } from './tag-names';
export { duration, size } from './text';
export { Tracing } from './tracing';
export type { TrafficSecond } from './traffic';
