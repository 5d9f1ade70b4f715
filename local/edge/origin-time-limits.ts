import type { ClientRequest, IncomingMessage } from 'node:http';

import { limitConnecting } from '../connection-timeout';
import type { Origin } from './origin';

export interface TimeLimits {
  readonly origin: Origin;
  /** When the whole answer must have come, on `performance.now()`'s clock; undefined is never. */
  readonly deadline: number | undefined;
  /** Told what took too long. */
  readonly expire: (what: string) => void;
}

/**
 * Connection timeout, then the response timeout: before the first byte and between any two; and the response completion timeout.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-request-timeout
 */
export function limitTime(outgoing: ClientRequest, { origin, deadline, expire }: TimeLimits): void {
  if (deadline !== undefined) limitCompletion(outgoing, deadline, expire);
  limitConnecting(outgoing, origin.connectionTimeout, () => {
    expire(`no connection within ${String(origin.connectionTimeout)} s`);
  });
  limitSilence(outgoing, origin.readTimeout, expire);
}

function limitCompletion(outgoing: ClientRequest, deadline: number, expire: TimeLimits['expire']): void {
  const timer = setTimeout(() => {
    expire('the response took longer than the response completion timeout');
  }, deadline - performance.now());
  outgoing.on('close', () => {
    clearTimeout(timer);
  });
}

function limitSilence(outgoing: ClientRequest, seconds: number, expire: TimeLimits['expire']): void {
  let response: IncomingMessage | undefined;
  outgoing.on('response', (stream: IncomingMessage) => (response = stream));
  outgoing.on('socket', (socket) => {
    const begin = (): void => {
      socket.setTimeout(seconds * 1000);
    };
    if (socket.connecting) socket.once('connect', begin);
    else begin();
    const silent = (): void => {
      // Silence that the viewer's own slowness causes is not the origin's.
      if (response?.isPaused() === true) begin();
      else expire(`no byte for ${String(seconds)} s`);
    };
    socket.on('timeout', silent);
    outgoing.on('close', () => {
      socket.off('timeout', silent);
    });
  });
}
