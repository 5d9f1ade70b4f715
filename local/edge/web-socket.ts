import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { errorAnswer, type Answer } from './answer';
import type { Behavior } from './distribution';
import type { ExchangeContext } from './exchange';
import type { OriginClient, OriginTiming } from './origin-client';
import { OriginError } from './origin-error';
import { buildOriginRequest } from './origin-request';
import { refusalOf } from './refusal';
import { createRequestId } from './request-id';
import { ViewerFunctions } from './viewer-functions';
import { readViewerRequest, type ViewerRequest } from './viewer-request';

export type WebSocketContext = ExchangeContext & { readonly origins: OriginClient };

/**
 * A connection whose origin sends nothing for so long is closed, in milliseconds.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-websockets
 */
const IDLE_TIMEOUT = 10 * 60_000;

/**
 * A WebSocket: the handshake passes function and policies of its behaviour, then bytes go both ways.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-working-with.websockets.html
 */
export class WebSocketExchange {
  readonly requestId = createRequestId();
  private readonly time: number;
  private readonly started = performance.now();
  private readonly received: ViewerRequest;
  private readonly behavior: Behavior;
  private readonly functions: ViewerFunctions;
  /** What the viewer gets to see: the origin's status, or what the edge itself answers. */
  private status = 0;
  private own: Answer | undefined;
  private origin: OriginTiming | undefined;
  private firstByte = 0;

  constructor(
    private readonly context: WebSocketContext,
    private readonly incoming: IncomingMessage,
    private readonly viewer: Duplex,
  ) {
    this.time = context.now();
    this.received = readViewerRequest(incoming, context.viewer);
    this.behavior = context.behaviorOf(this.received.path);
    const { received, behavior, requestId } = this;
    this.functions = new ViewerFunctions({ behavior, distribution: context.distribution, requestId, received });
  }

  /** @param head what of the viewer's bytes came with its request */
  run(head: Buffer): void {
    const { viewer } = this;
    viewer.on('error', () => viewer.destroy());
    viewer.on('close', () => {
      this.record();
    });
    const refusal = refusalOf(this.received, this.behavior);
    const seen = refusal ? errorAnswer(refusal.status, refusal.reason, this) : this.functions.request();
    if ('result' in seen) {
      this.answer(seen);
      return;
    }
    this.connect(seen, head, 1);
  }

  /** @param attempt from 1 */
  private connect(request: ViewerRequest, head: Buffer, attempt: number): void {
    try {
      this.follow(this.open(request), head, attempt, () => {
        this.connect(request, head, attempt + 1);
      });
    } catch (error) {
      if (!(error instanceof OriginError)) throw error;
      this.answer(errorAnswer(error.status, error.message, this));
    }
  }

  private open(request: ViewerRequest): ClientRequest {
    const { behavior, requestId, context, incoming } = this;
    const [origin] = behavior.target.origins;
    if (origin === undefined || origin.kind === 's3')
      throw new OriginError('a bucket speaks no WebSocket', 403, behavior.target.id, 0);
    const encoding = { gzip: false, brotli: false };
    const built = buildOriginRequest(request, origin, { behavior, encoding, requestId }, context.distribution.id);
    built.headers.append('connection', 'Upgrade').append('upgrade', incoming.headers.upgrade ?? 'websocket');
    return context.origins.upgrade(origin, built);
  }

  /** @param again for where no connection has come */
  private follow(outgoing: ClientRequest, head: Buffer, attempt: number, again: () => void): void {
    const { viewer } = this;
    const attempts = this.behavior.target.origins[0]?.connectionAttempts ?? 1;
    let isConnected = false;
    outgoing.on('socket', (socket) => {
      socket.once('connect', () => (isConnected = true));
    });
    outgoing.on('upgrade', (response, origin, first) => {
      this.begin(response, attempt);
      join(viewer, origin);
      if (first.length > 0) viewer.write(first);
      if (head.length > 0) origin.write(head);
    });
    outgoing.on('response', (response) => {
      this.begin(response, attempt);
      response.pipe(viewer);
    });
    outgoing.on('error', (error) => {
      if (!isConnected && attempt < attempts && viewer.writable) {
        again();
        return;
      }
      const status = error instanceof OriginError ? error.status : 502;
      this.answer(errorAnswer(status, `no answer: ${error.message}`, this));
    });
    viewer.on('close', () => outgoing.destroy());
    outgoing.end();
  }

  /** The origin has answered the handshake. */
  private begin(response: IncomingMessage, attempt: number): void {
    this.firstByte = performance.now() - this.started;
    this.status = response.statusCode ?? 0;
    const { remoteAddress = '', remotePort = 0 } = response.socket;
    const originId = this.behavior.target.origins[0]?.id ?? '';
    this.origin = {
      originId,
      address: `${remoteAddress}:${String(remotePort)}`,
      attempts: attempt,
      firstByte: this.firstByte,
    };
    this.viewer.write(responseHead(response));
  }

  /** An answer of the edge itself; where one has begun already, only an end. */
  private answer(answer: Answer): void {
    const { viewer } = this;
    if (!viewer.writable || this.status > 0) {
      viewer.destroy();
      return;
    }
    this.own = answer;
    this.status = answer.status;
    const body = answer.body instanceof Buffer ? answer.body : Buffer.alloc(0);
    const headers = answer.headers.copy().set('content-length', String(body.length));
    headers
      .append('x-cache', `${answer.result} from cloudfront`)
      .append('x-amz-cf-id', this.requestId)
      .append('connection', 'close');
    viewer.write(headOf(answer.status, answer.statusText, headers.flat));
    viewer.end(body);
  }

  private record(): void {
    const { received, own, origin } = this;
    const socket = this.incoming.socket;
    this.context.onRequest?.({
      requestId: this.requestId,
      time: this.time,
      method: received.method,
      url: received.query === '' ? received.path : `${received.path}?${received.query}`,
      host: received.headers.get('host') ?? '',
      behavior: this.behavior.pathPattern,
      status: this.status,
      result: own?.result ?? (this.status >= 400 || this.status === 0 ? 'Error' : 'Miss'),
      reason: own?.reason ?? (this.status === 0 ? 'the viewer left before the answer' : 'not kept: a WebSocket'),
      ...(origin === undefined ? {} : { origin }),
      functions: this.functions.runs,
      firstByte: this.firstByte,
      total: performance.now() - this.started,
      complete: this.status > 0,
      bytes: socket.bytesWritten,
    });
  }
}

function join(viewer: Duplex, origin: Duplex): void {
  viewer.pipe(origin).pipe(viewer);
  const idle = setTimeout(() => {
    viewer.destroy();
  }, IDLE_TIMEOUT);
  origin.on('data', () => idle.refresh());
  for (const [side, peer] of [
    [viewer, origin],
    [origin, viewer],
  ] as const) {
    side.on('error', () => side.destroy());
    side.on('close', () => {
      clearTimeout(idle);
      peer.destroy();
    });
  }
}

function responseHead({ statusCode = 0, statusMessage = '', rawHeaders }: IncomingMessage): string {
  return headOf(statusCode, statusMessage, rawHeaders);
}

function headOf(status: number, statusText: string, flatHeaders: readonly string[]): string {
  const lines = [`HTTP/1.1 ${String(status)} ${statusText}`];
  for (let i = 0; i < flatHeaders.length; i += 2) lines.push(`${flatHeaders[i] ?? ''}: ${flatHeaders[i + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
