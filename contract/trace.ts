/**
 * The environment variable by which the local stack asks its tasks what their caches decide: host and port that take {@link TraceLine}s,
 * one of JSON a line. On AWS nobody sets it, and nothing is noted.
 */
export const TRACE_VARIABLE = 'NEXTJS_TRACE';

/** Why an entry may not be served as it is. */
export type TraceCause =
  /** A tag was revalidated after its generation began; `milliseconds` ago. */
  | {
      readonly kind: 'tag';
      readonly tag: string;
      readonly effect: 'stale' | 'expired';
      readonly milliseconds: number;
    }
  /** Its own period of so many seconds passed `milliseconds` ago. */
  | {
      readonly kind: 'period';
      readonly effect: 'stale' | 'expired';
      readonly seconds: number;
      readonly milliseconds: number;
    };

/** What the cache found for a key, and what follows. */
export interface TraceRead {
  readonly kind: 'read';
  /** `response`, `fetch`, `image` or `use-cache`. */
  readonly group: string;
  readonly key: string;
  readonly outcome: 'fresh' | 'stale' | 'retained' | 'expired' | 'missing';
  /** Where what was found came from; absent where nothing was. */
  readonly layer?: 'memory' | 'build' | 'store';
  /** Why it is not fresh. */
  readonly cause?: TraceCause;
  /** Why what memory held did not do, where the store had something newer. */
  readonly replaced?: TraceCause;
  /** Who renews what is not fresh: this task, another one, the reader of the data by itself, or nobody (a prefetch). */
  readonly renewal?: 'here' | 'elsewhere' | 'reader' | 'nobody';
  readonly tags: readonly string[];
  readonly milliseconds: number;
}

/** An entry that was made and kept. */
export interface TraceKept {
  readonly kind: 'kept';
  readonly group: string;
  readonly key: string;
  readonly tags: readonly string[];
  /** Its period in seconds; `false` for one without an end. */
  readonly revalidate?: number | false;
}

/** A call of an AWS service, and what it answered, in a word or two. */
export interface TraceCall {
  readonly kind: 'call';
  readonly service: 's3' | 'dynamodb';
  readonly operation: string;
  /** What it was about: a tag, or nothing that a person would know. */
  readonly subject?: string;
  readonly answer: string;
  readonly hasFailed?: true;
  readonly milliseconds: number;
}

/** The answer leaves with a second of lifetime at the edge. */
export interface TraceCapped {
  readonly kind: 'capped';
  /** The tags are not known yet, the clock is wrong, the view of the tags is old, or the answer itself is old or unproven. */
  readonly because: 'unloaded' | 'clock' | 'view' | 'answer';
  /** How wrong, or how old. */
  readonly milliseconds?: number;
}

/** The request's end. */
export interface TraceAnswered {
  readonly kind: 'answered';
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly cacheControl?: string;
  /** Next's own word for it: `x-nextjs-cache`. */
  readonly nextCache?: string;
  readonly milliseconds: number;
}

export type TraceNote = TraceRead | TraceKept | TraceCall | TraceCapped | TraceAnswered;

/** The first line of a task: who it is. */
export interface TraceHello {
  readonly kind: 'hello';
  readonly task: string;
}

/** What the task has counted since its start, and its gauges. */
export interface TraceCounters {
  readonly kind: 'counters';
  readonly counters: Readonly<Record<string, number>>;
}

export type TraceLine =
  | TraceHello
  | TraceCounters
  | {
      /** The request's id, which is CloudFront's where it came through there; absent for what no request asked for. */
      readonly request?: string;
      readonly note: TraceNote;
    };
