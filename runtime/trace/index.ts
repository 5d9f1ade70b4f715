export type { Trace } from './trace';
export { TraceConnection } from './trace-connection';
export { TracedKeeper } from './traced-keeper';
export { TracedReader } from './traced-reader';
export { cappedBecause, traceRequest } from './traced-requests';
export { traceStores } from './traced-stores';
