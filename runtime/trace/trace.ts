import type { TraceNote } from '../../contract';
import { currentRequest } from '../http/context';

/** Takes what the cache decides, request by request. There is one only where the local stack asks for it. */
export interface Trace {
  /** @param request id of the request that it belongs to; that of the caller's request by default */
  note(note: TraceNote, request?: string): void;
}

/** The id of the request that the caller works for. */
export function currentRequestId(): string | undefined {
  return currentRequest()?.requestId;
}
