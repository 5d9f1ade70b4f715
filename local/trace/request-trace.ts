import type { TraceNote } from '../../contract';
import type { BalancerEvent } from '../balancer';
import type { EdgeEvent } from '../edge';

/** One line of the request log, as JSON. */
export interface RequestSummary {
  readonly id: string;
  /** When the request came, in milliseconds since the epoch. */
  readonly time: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** 0 when the viewer left before the answer. */
  readonly status: number;
  /** What the edge says in `x-cache`; absent where none was on the way. */
  readonly result?: string;
  /** What the task's cache found, in a word or two: `HIT memory`. */
  readonly cache?: string;
  /** The task that answered. */
  readonly task?: string;
  /** To the first byte, and to the last. */
  readonly firstByte: number;
  readonly milliseconds: number;
  readonly bytes?: number;
  /** The reason in a sentence: of the edge where it answered, else of the task's cache. */
  readonly reason: string;
}

/** A part of a request's way. */
export interface Step {
  /** `edge`, `balancer`, or the task's name. */
  readonly where: string;
  readonly text: string;
  readonly tone?: Tone;
  readonly milliseconds?: number;
  /** It happened behind the answer: no viewer waited for it. */
  readonly isBehind?: true;
}

/** What a step means for the viewer: served from a cache, served old, made anew, or failed. */
export type Tone = 'hit' | 'old' | 'miss' | 'failure';

/** A request and its way, as JSON. */
export interface RequestTrace extends RequestSummary {
  /** In the order of the parts: edge, balancer, task; what happened behind the answer comes last. */
  readonly way: readonly Step[];
  /** Whether every part that was asked has told its share. */
  readonly isComplete: boolean;
}

/** What a task told of a request. */
export interface TaskNote {
  readonly task: string;
  readonly note: TraceNote;
}

/** A request's way through the balancer, and the task that it was sent to. */
export interface Hop extends BalancerEvent {
  readonly task?: string;
}

/** All that was heard of one request. */
export interface RequestRecord {
  readonly id: string;
  edge?: EdgeEvent;
  readonly hops: Hop[];
  readonly notes: TaskNote[];
}
