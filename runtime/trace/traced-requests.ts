import type { IncomingMessage, ServerResponse } from 'node:http';

import type { TraceCapped } from '../../contract';
import type { Mirror } from '../cache/mirror';
import type { RequestContext } from '../http/context';
import type { Trace } from './trace';

/** Notes how a request ends. Has to be called before Next sees the request, for it rewrites the address. */
export function traceRequest(
  trace: Trace,
  { method = 'GET', url = '/' }: IncomingMessage,
  response: ServerResponse,
  { requestId }: RequestContext,
): void {
  const startedAt = performance.now();
  response.once('close', () => {
    const cacheControl = headerText(response, 'cache-control');
    const nextCache = headerText(response, 'x-nextjs-cache');
    trace.note(
      {
        kind: 'answered',
        method,
        url,
        status: response.statusCode,
        ...(cacheControl !== undefined && { cacheControl }),
        ...(nextCache !== undefined && { nextCache }),
        milliseconds: performance.now() - startedAt,
      },
      requestId,
    );
  });
}

/** Why an answer leaves for a second, as far as the view of the tags is to blame. */
export function cappedBecause(mirror: Mirror, offset: number): TraceCapped {
  if (!mirror.loaded) return { kind: 'capped', because: 'unloaded' };
  if (mirror.skewed) return { kind: 'capped', because: 'clock', milliseconds: offset };
  if (!mirror.current()) return { kind: 'capped', because: 'view', milliseconds: mirror.age };
  return { kind: 'capped', because: 'answer' };
}

function headerText(response: ServerResponse, name: string): string | undefined {
  const value = response.getHeader(name);
  return value === undefined ? undefined : String(value);
}
