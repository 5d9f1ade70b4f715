import { AsyncLocalStorage } from 'node:async_hooks';

import type { Verdict } from '../cache/verdict';

/** What one request's work has learned, shared by the cache handler (which notes) and the response policy (which reads). */
export interface RequestContext {
  /** CloudFront's or the load balancer's id of the request where there is one, else one of our own. */
  readonly requestId: string;
  /** When the request arrived, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** Whether Next's router prefetches by it. Next takes the headers that say so away before it makes a handler. */
  readonly routerPrefetch: boolean;
  /**
   * The verdicts on the entries that this request read or wrote, in the order in which they were noted. Next joins concurrent
   * requests for one key and calls the handler in the first one's context only, so an empty list says nothing.
   */
  readonly verdicts: Verdict[];
  /** What the cache handler remembers of the request: its own affair, kept here because a WeakMap costs every garbage collection. */
  cacheState?: object | undefined;
  /**
   * Holds the answer back until `tagWrite` has settled. In a route handler Next does not await `revalidateTag` before it answers,
   * so that the caller would be told of a success that is not known yet. Does nothing once the answer is on its way.
   */
  holdAnswerFor(tagWrite: Promise<unknown>): void;
  /** Set when a tag could not be written: the answer becomes a 500, because a lost invalidation must be seen. */
  failedTagWrite?: FailedTagWrite;
}

export interface FailedTagWrite {
  readonly tags: readonly string[];
  readonly error: unknown;
}

/** How the cache asks for the request it works for, without knowing HTTP. */
export type CurrentRequest = () => RequestContext | undefined;

const storage = new AsyncLocalStorage<RequestContext>();

/** The context of the request that the caller works for; none at start-up and in timers of the process itself. */
export const currentRequest: CurrentRequest = () => storage.getStore();

/** Makes `context` the current one for everything that the calling async resource starts from here on. */
export function enterRequest(context: RequestContext): void {
  storage.enterWith(context);
}

/** Runs `work` with `context` as the current request. */
export function runInRequest<Result>(context: RequestContext, work: () => Result): Result {
  return storage.run(context, work);
}
