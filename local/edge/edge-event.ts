import type { Result } from './answer';
import type { OriginTiming } from './origin-client';

/** What a request's way through the edge was; one a request, after its last byte. */
export interface EdgeEvent {
  readonly requestId: string;
  /** Milliseconds since the epoch at which the request came. */
  readonly time: number;
  readonly method: string;
  /** Path and query as the viewer wrote them. */
  readonly url: string;
  readonly host: string;
  /** Path pattern of the behaviour. */
  readonly behavior: string;
  /** 0 when the viewer left before the answer. */
  readonly status: number;
  readonly result: Result;
  /** Why: for example `stale for 3 s, refreshed behind (stale-while-revalidate=60)`. */
  readonly reason: string;
  /** Why the cache did not answer: for example `invalidated 0.4 s ago by #tag`; absent where it did, or could not have. */
  readonly absence?: string;
  /** Cache key; absent where nothing could be cached. */
  readonly key?: string;
  /** Age of a cached answer, in seconds. */
  readonly age?: number;
  readonly origin?: OriginTiming;
  readonly functions: readonly FunctionRun[];
  /** Milliseconds to the headers, and to the end. */
  readonly firstByte: number;
  readonly total: number;
  /** False when the viewer or the origin went away before the end. */
  readonly complete: boolean;
  readonly bytes: number;
}

export interface FunctionRun {
  readonly name: string;
  readonly eventType: 'viewer-request' | 'viewer-response';
  readonly milliseconds: number;
  readonly logs: readonly string[];
  readonly error?: string;
}
