import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

import { HeaderFields } from './header-fields';
import type { Origin, Target } from './origin';
import type { OriginRequest } from './origin-request';

/** Where a domain name's server listens on this machine. */
export interface Hosts {
  resolve(domainName: string, port: number): { readonly host: string; readonly port: number } | undefined;
}

export interface OriginResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderFields;
  readonly stream: IncomingMessage;
  readonly timing: OriginTiming;
}

/** What the request log tells of an origin request. */
export interface OriginTiming {
  readonly originId: string;
  /** Host and port that were asked. */
  readonly address: string;
  readonly attempts: number;
  /** Milliseconds from the first attempt to the headers of the answer. */
  readonly firstByte: number;
}

/** No answer came from the origin; `status` is what CloudFront tells the viewer. */
export class OriginError extends Error {
  override readonly name = 'OriginError';

  constructor(
    message: string,
    readonly status: 403 | 502 | 504,
    readonly originId: string,
    readonly attempts: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface OriginExchange {
  readonly method: string;
  /** Makes the request for the origin that is about to be asked. */
  build(origin: Origin): OriginRequest;
  readonly body?: Readable;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Larger response headers are an `OriginHeaderTooBigError`. */
const MAX_RESPONSE_HEADER_BYTES = 32_768;

const RETRIED_METHODS = new Set(['GET', 'HEAD']);
const FAILED_OVER_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Asks origins: connections kept alive, attempts, time limits, and the second origin of a group. */
export class OriginClient {
  private readonly agents = new Map<string, Agent>();

  constructor(private readonly hosts: Hosts) {}

  /** @throws OriginError */
  async request(target: Target, exchange: OriginExchange): Promise<OriginResponse> {
    const [primary, secondary] = target.origins;
    if (primary === undefined) throw new Error(`cdk-nextjs-ecs/local edge: origin "${target.id}" is empty`);
    const failsOver = secondary !== undefined && FAILED_OVER_METHODS.has(exchange.method);
    if (!failsOver) return this.ask(primary, exchange);
    try {
      const response = await this.ask(primary, exchange);
      if (!target.failoverStatuses.has(response.status)) return response;
      response.stream.destroy();
    } catch (error) {
      if (!(error instanceof OriginError) || exchange.signal.aborted || !target.failoverStatuses.has(error.status))
        throw error;
    }
    return this.ask(secondary, exchange);
  }

  close(): void {
    for (const agent of this.agents.values()) agent.destroy();
  }

  /** WebSocket handshakes go by themselves: their connection is the viewer's for as long as it lasts. */
  upgrade(origin: Origin, request: OriginRequest): ClientRequest {
    const address = this.addressOf(origin);
    return httpRequest({
      ...address,
      method: request.method,
      path: request.path,
      headers: request.headers.flat,
      agent: false,
    });
  }

  private async ask(origin: Origin, exchange: OriginExchange): Promise<OriginResponse> {
    checkBucketAccess(origin);
    const request = exchange.build(origin);
    const attempts = RETRIED_METHODS.has(exchange.method) ? origin.connectionAttempts : 1;
    const started = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await this.attempt(origin, request, exchange, attempt, started);
        if (response.status === 404) hideMissingObject(origin, response);
        return response;
      } catch (error) {
        if (!isTransient(error) || attempt >= attempts || exchange.signal.aborted) throw error;
      }
    }
  }

  private attempt(
    origin: Origin,
    request: OriginRequest,
    exchange: OriginExchange,
    attempt: number,
    started: number,
  ): Promise<OriginResponse> {
    const { host, port } = this.addressOf(origin);
    const address = `${host}:${String(port)}`;
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        host,
        port,
        method: request.method,
        path: request.path,
        headers: request.headers.flat,
        agent: this.agentOf(origin),
        maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      });
      const abort = (): void => {
        outgoing.destroy(new OriginError('the viewer is gone', 502, origin.id, attempt));
      };
      const fail = (status: 502 | 504, what: string, cause?: unknown): void => {
        const error =
          cause instanceof OriginError
            ? cause
            : new OriginError(`${what} (origin "${origin.id}" at ${address})`, status, origin.id, attempt, { cause });
        reject(error);
        outgoing.destroy(error);
      };
      exchange.signal.addEventListener('abort', abort, { once: true });
      outgoing.on('close', () => {
        exchange.signal.removeEventListener('abort', abort);
      });
      outgoing.on('error', (error) => {
        fail(502, `no answer: ${error.message}`, error);
      });
      limitTime(outgoing, origin, (what) => {
        fail(504, what);
      });
      outgoing.on('response', (stream: IncomingMessage) => {
        const timing = { originId: origin.id, address, attempts: attempt, firstByte: performance.now() - started };
        const headers = HeaderFields.fromRaw(stream.rawHeaders);
        // From here on, whoever reads the body decides how long it is wanted.
        exchange.signal.removeEventListener('abort', abort);
        resolve({ status: stream.statusCode ?? 502, statusText: stream.statusMessage ?? '', headers, stream, timing });
      });
      // An origin that asks for an upgrade nobody wanted has not answered.
      outgoing.on('upgrade', (_, socket) => {
        socket.destroy();
        fail(502, 'the origin switched protocols without being asked');
      });
      if (exchange.signal.aborted) abort();
      if (exchange.body === undefined) outgoing.end();
      else exchange.body.pipe(outgoing);
    });
  }

  private addressOf(origin: Origin): { host: string; port: number } {
    const address = this.hosts.resolve(origin.domainName, origin.port);
    if (address === undefined) {
      throw new OriginError(
        `nothing on this machine serves ${origin.domainName}:${String(origin.port)}`,
        502,
        origin.id,
        0,
      );
    }
    return { host: address.host, port: address.port };
  }

  private agentOf(origin: Origin): Agent {
    let agent = this.agents.get(origin.id);
    if (agent === undefined) {
      agent = new Agent({ keepAlive: true, timeout: origin.keepaliveTimeout * 1000, scheduling: 'lifo' });
      this.agents.set(origin.id, agent);
    }
    return agent;
  }
}

/** A connection may succeed the next time; a refusal stays one. */
function isTransient(error: unknown): boolean {
  return error instanceof OriginError && error.status !== 403;
}

/** S3 turns away what nobody allowed. */
function checkBucketAccess({ id, bucket, bucketAccess, signed }: Origin): void {
  if (bucket === undefined) return;
  if (!signed)
    throw new OriginError(`bucket "${bucket}" is private, and origin "${id}" has no origin access control`, 403, id, 0);
  if (bucketAccess?.get === false)
    throw new OriginError(`the policy of bucket "${bucket}" does not allow CloudFront s3:GetObject`, 403, id, 0);
}

/** Who may not list a bucket does not learn from S3 that an object is missing. */
function hideMissingObject({ id, bucket, bucketAccess }: Origin, response: OriginResponse): void {
  if (bucket === undefined || bucketAccess?.list !== false) return;
  response.stream.destroy();
  const why = `the object does not exist, and the policy of bucket "${bucket}" does not allow CloudFront s3:ListBucket`;
  throw new OriginError(why, 403, id, response.timing.attempts);
}

/**
 * Connection timeout, then the read timeout: before the first byte and between any two.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-request-timeout
 */
function limitTime(outgoing: ClientRequest, origin: Origin, expire: (what: string) => void): void {
  const readTimeout = origin.readTimeout * 1000;
  let connecting: NodeJS.Timeout | undefined;
  let completing: NodeJS.Timeout | undefined;
  if (origin.responseCompletionTimeout !== undefined) {
    completing = setTimeout(() => {
      expire('the response took longer than the response completion timeout');
    }, origin.responseCompletionTimeout * 1000);
  }
  let response: IncomingMessage | undefined;
  outgoing.on('response', (stream: IncomingMessage) => (response = stream));
  outgoing.on('socket', (socket) => {
    const connected = (): void => {
      clearTimeout(connecting);
      socket.setTimeout(readTimeout);
    };
    if (socket.connecting) {
      connecting = setTimeout(() => {
        expire(`no connection within ${String(origin.connectionTimeout)} s`);
      }, origin.connectionTimeout * 1000);
      socket.once('connect', connected);
    } else {
      connected();
    }
    const silent = (): void => {
      // Silence that the viewer's own slowness causes is not the origin's.
      if (response?.isPaused() === true) socket.setTimeout(readTimeout);
      else expire(`no byte for ${String(origin.readTimeout)} s`);
    };
    socket.on('timeout', silent);
    outgoing.on('close', () => {
      socket.off('timeout', silent);
    });
  });
  outgoing.on('close', () => {
    clearTimeout(connecting);
    clearTimeout(completing);
  });
}
