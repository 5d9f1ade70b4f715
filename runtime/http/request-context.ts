import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Verdict } from '../cache/verdict';
import type { FailedTagWrite, RequestContext } from './context';
import { HeldAnswer } from './held-answer';

/** The context of a request that has just come in. */
export function createRequestContext(request: IncomingMessage, response: ServerResponse): RequestContext {
  return new HttpRequestContext(request, response);
}

class HttpRequestContext implements RequestContext {
  readonly startedAt = Date.now();
  readonly routerPrefetch: boolean;
  readonly verdicts: Verdict[] = [];
  cacheState: object | undefined;
  failedTagWrite?: FailedTagWrite;
  private readonly givenId: string | undefined;
  private ownId: string | undefined;
  private held: HeldAnswer | undefined;
  private response: ServerResponse | undefined;

  constructor({ headers }: IncomingMessage, response: ServerResponse) {
    this.response = response;
    // A connection that is kept alive keeps the context of its last request, and would keep all of that request by the response.
    response.once('close', () => (this.response = undefined));
    this.routerPrefetch = isRouterPrefetch(headers);
    this.givenId = headers['x-amz-cf-id']?.toString() ?? headers['x-amzn-trace-id']?.toString();
  }

  /** Made when it is asked for, which is when something went wrong. */
  get requestId(): string {
    return this.givenId ?? (this.ownId ??= randomUUID());
  }

  holdAnswerFor(tagWrite: Promise<unknown>): void {
    const { response } = this;
    if (response === undefined) return;
    this.held ??= new HeldAnswer(
      response,
      () => this.failedTagWrite !== undefined,
      () => {
        answerWithFailure(response);
      },
    );
    this.held.until(tagWrite);
  }
}

/** https://github.com/vercel/next.js/blob/v16.3.0/packages/next/src/server/base-server.ts, `handleRSCRequest` */
export function isRouterPrefetch(headers: Readonly<Record<string, unknown>>): boolean {
  return headers.rsc === '1' && headers['next-router-prefetch'] === '1';
}

/** The policy makes it a 500 when its headers are written. */
function answerWithFailure(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end('The revalidation could not be recorded. Nothing was invalidated; try again.\n');
}
