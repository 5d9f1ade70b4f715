import type { ServiceName } from './call-log';

/** One call of an embedded service, as the service understood it. */
export interface ServiceCall {
  readonly service: ServiceName;
  /** The API's name of the operation, for example `PutObject`. */
  readonly operation: string;
  /** Name of the bucket or table, or id of the distribution; absent where the operation has none, or several. */
  readonly resource?: string;
  /** The object's key. */
  readonly key?: string;
  /** Who signed the request; absent for unsigned ones, which the edge sends. */
  readonly accessKeyId?: string;
}

/** What happens to a call in place of its ordinary answer. */
export type Interference =
  /** The call is not performed and answered with this error of the service. */
  | { readonly kind: 'error'; readonly statusCode: number; readonly code: string; readonly message: string }
  /** The call is not performed and its connection is cut. */
  | { readonly kind: 'disconnect' }
  /** The call is performed, and the connection is cut before its answer is sent. */
  | { readonly kind: 'lose-answer' }
  /** The call is performed, and the body of its answer arrives changed, with headers that speak of the right one. */
  | { readonly kind: 'alter'; readonly alter: (body: Buffer) => Buffer };

/**
 * Sees every call before the service performs it: the one place where faults are injected.
 *
 * It may wait (a slow store), wait for ever (one that hangs; the signal aborts when the client or the server goes), or interfere.
 */
export type Interceptor = (
  call: ServiceCall,
  signal: AbortSignal,
) => Interference | undefined | Promise<Interference | undefined>;
