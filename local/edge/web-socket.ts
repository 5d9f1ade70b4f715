import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import type { ExchangeContext } from './exchange';
import { OriginError, type OriginClient } from './origin-client';
import { buildOriginRequest } from './origin-request';
import { createRequestId } from './request-id';
import { readViewerRequest } from './viewer-request';

/**
 * Hands a WebSocket through: the handshake passes the behaviour's policies, then bytes go both ways.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html
 */
export function tunnelWebSocket(
  context: ExchangeContext & { readonly origins: OriginClient },
  incoming: IncomingMessage,
  viewer: Duplex,
  head: Buffer,
): void {
  const request = readViewerRequest(incoming, context.viewer);
  const behavior = context.behaviorOf(request.path);
  const [origin] = behavior.target.origins;
  viewer.on('error', () => viewer.destroy());
  if (origin === undefined || origin.kind === 's3' || !behavior.allowedMethods.has(request.method)) {
    refuse(viewer, '403 Forbidden');
    return;
  }
  const encoding = { gzip: false, brotli: false };
  const requestId = createRequestId();
  const built = buildOriginRequest(request, origin, { behavior, encoding, requestId }, context.distribution.id);
  built.headers.append('connection', 'Upgrade').append('upgrade', incoming.headers.upgrade ?? 'websocket');
  try {
    const outgoing = context.origins.upgrade(origin, built);
    outgoing.on('upgrade', (response, socket, first) => {
      viewer.write(responseHead(response));
      join(viewer, socket);
      if (first.length > 0) viewer.write(first);
      if (head.length > 0) socket.write(head);
    });
    outgoing.on('response', (response) => {
      viewer.write(responseHead(response));
      response.pipe(viewer);
    });
    outgoing.on('error', () => {
      refuse(viewer, '502 Bad Gateway');
    });
    viewer.on('close', () => outgoing.destroy());
    outgoing.end();
  } catch (error) {
    if (!(error instanceof OriginError)) throw error;
    refuse(viewer, '502 Bad Gateway');
  }
}

function join(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one);
  for (const [side, peer] of [
    [one, other],
    [other, one],
  ] as const) {
    side.on('error', () => side.destroy());
    side.on('close', () => peer.destroy());
  }
}

function responseHead(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${String(response.statusCode)} ${response.statusMessage ?? ''}`];
  for (let i = 0; i < response.rawHeaders.length; i += 2)
    lines.push(`${response.rawHeaders[i] ?? ''}: ${response.rawHeaders[i + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function refuse(socket: Duplex, status: string): void {
  if (socket.writable)
    socket.end(
      `HTTP/1.1 ${status}\r\nServer: CloudFront\r\nX-Cache: Error from cloudfront\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
}
