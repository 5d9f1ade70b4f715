import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { RequestContext } from './context';
import { HeldAnswer } from './held-answer';

/** The context of a request that has just come in. */
export function createRequestContext({ headers }: IncomingMessage, response: ServerResponse): RequestContext {
  let held: HeldAnswer | undefined;
  const context: RequestContext = {
    requestId: headers['x-amz-cf-id']?.toString() ?? headers['x-amzn-trace-id']?.toString() ?? randomUUID(),
    startedAt: Date.now(),
    routerPrefetch: isRouterPrefetch(headers),
    verdicts: [],
    holdAnswerFor: (tagWrite) => {
      held ??= new HeldAnswer(
        response,
        () => context.failedTagWrite !== undefined,
        () => {
          answerWithFailure(response);
        },
      );
      held.until(tagWrite);
    },
  };
  return context;
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
