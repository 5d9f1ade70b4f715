import { Agent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

import { limitConnecting } from '../connection-timeout';
import { HeaderFields } from './header-fields';
import type { Interest } from './interest';
import type { Origin, Target } from './origin';
import { OriginError } from './origin-error';
import type { OriginRequest } from './origin-request';
import { limitTime } from './origin-time-limits';

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
  /** Milliseconds until a connection stood; absent where one was used again. */
  readonly connect?: number;
  /** Milliseconds from the first attempt to the headers of the answer. */
  readonly firstByte: number;
}

export interface OriginExchange {
  readonly method: string;
  /** Makes the request for the origin that is about to be asked. */
  build(origin: Origin): OriginRequest;
  readonly body?: Readable;
  readonly interest: Interest;
}

/** Larger response headers are an `OriginHeaderTooBigError`. */
const MAX_RESPONSE_HEADER_BYTES = 32_768;

/** Methods whose requests are sent again when no answer has come. */
const ANSWER_AWAITED_AGAIN = new Set(['GET', 'HEAD']);
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
      if (!(error instanceof OriginError) || exchange.interest.lost) throw error;
      if (!target.failoverStatuses.has(error.failoverStatus)) throw error;
    }
    return this.ask(secondary, exchange);
  }

  close(): void {
    for (const agent of this.agents.values()) agent.destroy();
  }

  /** WebSocket handshakes go by themselves: their connection is the viewer's for as long as it lasts. */
  upgrade(origin: Origin, request: OriginRequest): ClientRequest {
    const address = this.addressOf(origin);
    const { method, path, headers } = request;
    const outgoing = httpRequest({ ...address, method, path, headers: headers.flat, agent: false });
    limitConnecting(outgoing, origin.connectionTimeout, () => {
      const message = `no connection within ${String(origin.connectionTimeout)} s`;
      outgoing.destroy(new OriginError(message, 504, origin.id, 1, { isConnected: false }));
    });
    return outgoing;
  }

  private async ask(origin: Origin, exchange: OriginExchange): Promise<OriginResponse> {
    checkBucketAccess(origin);
    const request = exchange.build(origin);
    const started = performance.now();
    const completion = origin.responseCompletionTimeout;
    const deadline = completion === undefined ? undefined : started + completion * 1000;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await this.attempt({ origin, request, exchange, attempt, started, deadline });
        if (response.status === 404) hideMissingObject(origin, response);
        return response;
      } catch (error) {
        const isOver = exchange.interest.lost || (deadline !== undefined && performance.now() >= deadline);
        if (isOver || attempt >= origin.connectionAttempts || !mayTryAgain(error, exchange.method)) throw error;
      }
    }
  }

  private attempt({ origin, request, exchange, attempt, started, deadline }: Attempt): Promise<OriginResponse> {
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
      let isConnected = false;
      let connect: number | undefined;
      const abort = (): void => {
        outgoing.destroy(new OriginError('the viewer is gone', 502, origin.id, attempt));
      };
      const fail = (status: 502 | 504, what: string, cause?: unknown): void => {
        const message = `${what} (origin "${origin.id}" at ${address})`;
        const error =
          cause instanceof OriginError
            ? cause
            : new OriginError(message, status, origin.id, attempt, { cause, isConnected });
        reject(error);
        outgoing.destroy(error);
      };
      const ignore = exchange.interest.onLost(abort);
      outgoing.on('close', ignore);
      outgoing.on('error', (error) => {
        fail(502, `no answer: ${error.message}`, error);
      });
      const expire = (what: string): void => {
        fail(504, what);
      };
      limitTime(outgoing, { origin, deadline, expire });
      outgoing.on('response', (stream: IncomingMessage) => {
        const firstByte = performance.now() - started;
        const spent = connect === undefined ? { firstByte } : { connect, firstByte };
        const timing = { originId: origin.id, address, attempts: attempt, ...spent };
        const headers = HeaderFields.fromRaw(stream.rawHeaders);
        // From here on, whoever reads the body decides how long it is wanted.
        ignore();
        resolve({ status: stream.statusCode ?? 502, statusText: stream.statusMessage ?? '', headers, stream, timing });
      });
      // An origin that asks for an upgrade nobody wanted has not answered.
      outgoing.on('upgrade', (_, socket) => {
        socket.destroy();
        fail(502, 'the origin switched protocols without being asked');
      });
      if (exchange.interest.lost) abort();
      // A body that nobody has read yet can go with the next attempt, too.
      whenConnected(outgoing, (isNew) => {
        isConnected = true;
        if (isNew) connect = performance.now() - started;
        if (exchange.body === undefined) outgoing.end();
        else exchange.body.pipe(outgoing);
      });
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
        { isConnected: false },
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

interface Attempt {
  readonly origin: Origin;
  readonly request: OriginRequest;
  readonly exchange: OriginExchange;
  /** From 1. */
  readonly attempt: number;
  /** When the first attempt began, and when the last one must have succeeded; on `performance.now()`'s clock. */
  readonly started: number;
  readonly deadline: number | undefined;
}

/** Calls back when there is a connection, a new one or one that was used before. */
function whenConnected(outgoing: ClientRequest, begin: (isNew: boolean) => void): void {
  outgoing.on('socket', (socket) => {
    if (!socket.connecting) begin(false);
    else
      socket.once('connect', () => {
        begin(true);
      });
  });
}

/** A connection may succeed the next time, whatever is to be sent; what was sent is sent again where that changes nothing. */
function mayTryAgain(error: unknown, method: string): boolean {
  if (!(error instanceof OriginError) || error.status === 403) return false;
  return !error.isConnected || ANSWER_AWAITED_AGAIN.has(method);
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
