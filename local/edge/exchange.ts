import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';

import { sendAsOnePacket } from '../one-packet';
import { errorAnswer, type Answer } from './answer';
import type { Behavior, Distribution } from './distribution';
import type { EdgeEvent } from './edge-event';
import { Interest } from './interest';
import { via } from './origin-request';
import { refusalOf } from './refusal';
import { createRequestId } from './request-id';
import { applyResponseHeadersPolicy } from './response-headers-policy';
import type { Retriever } from './retriever';
import { addServerTiming, hasServerTiming } from './server-timing';
import { SharedBody } from './shared-body';
import { selectStored } from './stored-response';
import { ViewerFunctions } from './viewer-functions';
import { readViewerRequest, type ViewerRequest, type ViewerSettings } from './viewer-request';

export interface ExchangeContext {
  readonly distribution: Distribution;
  readonly retriever: Retriever;
  readonly viewer: ViewerSettings;
  readonly behaviorOf: (path: string) => Behavior;
  readonly now: () => number;
  readonly onRequest: ((event: EdgeEvent) => void) | undefined;
}

/** Where the viewer is served from. */
const POINT_OF_PRESENCE = 'LOCAL1-C1';

/** One viewer's request and its answer. */
export class Exchange {
  readonly requestId = createRequestId();
  private readonly started = performance.now();
  private readonly time: number;
  private readonly received: ViewerRequest;
  private readonly behavior: Behavior;
  private readonly functions: ViewerFunctions;
  private readonly interest = new Interest();
  private shown: Answer | undefined;
  private firstByte = 0;
  private bytesBefore = 0;

  constructor(
    private readonly context: ExchangeContext,
    private readonly incoming: IncomingMessage,
    private readonly outgoing: ServerResponse,
  ) {
    this.time = context.now();
    this.bytesBefore = incoming.socket.bytesWritten;
    this.received = readViewerRequest(incoming, context.viewer);
    this.behavior = context.behaviorOf(this.received.path);
    const { received, behavior, requestId } = this;
    this.functions = new ViewerFunctions({ behavior, distribution: context.distribution, requestId, received });
  }

  async run(): Promise<void> {
    this.outgoing.on('close', () => {
      if (!this.outgoing.writableFinished) this.interest.lose();
      this.record();
    });
    try {
      const { answer, request } = await this.answer();
      this.deliver(answer, request);
    } catch (error) {
      if (this.interest.lost) return;
      if (this.outgoing.headersSent) {
        this.outgoing.destroy();
        return;
      }
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.deliver(errorAnswer(502, `the local edge failed: ${message}`, this), this.received);
    }
  }

  private async answer(): Promise<{ answer: Answer; request: ViewerRequest }> {
    const refusal = this.refuse();
    if (refusal !== undefined) return { answer: refusal, request: this.received };
    const seen = this.functions.request();
    if ('result' in seen) return { answer: seen, request: this.received };
    const request = this.withRootObject(seen);
    const body = request.hasBody ? { body: this.incoming } : {};
    const answer = await this.context.retriever.retrieve({
      request,
      behavior: this.behavior,
      requestId: this.requestId,
      interest: this.interest,
      ...body,
    });
    return { answer, request };
  }

  private refuse(): Answer | undefined {
    const refusal = refusalOf(this.received, this.behavior);
    if (refusal === undefined) return undefined;
    if (refusal.status === 413) this.outgoing.shouldKeepAlive = false;
    return errorAnswer(refusal.status, refusal.reason, this);
  }

  private withRootObject(request: ViewerRequest): ViewerRequest {
    const { defaultRootObject } = this.context.distribution;
    return request.path === '/' && defaultRootObject !== undefined
      ? { ...request, path: `/${defaultRootObject}` }
      : request;
  }

  private deliver(answer: Answer, request: ViewerRequest): void {
    const { outgoing } = this;
    if (outgoing.destroyed) {
      if (answer.body instanceof SharedBody) answer.body.abandon();
      return;
    }
    const shown = this.finish(answer, request);
    this.shown = shown;
    this.firstByte = performance.now() - this.started;
    if (shown.body instanceof SharedBody) sendAsOnePacket(outgoing);
    outgoing.writeHead(shown.status, shown.statusText || STATUS_CODES[shown.status], shown.headers.flat);
    if (request.method === 'HEAD' || shown.body === undefined) outgoing.end();
    else if (shown.body instanceof SharedBody) {
      // The first bytes of a stream may be long in coming; its headers are not.
      outgoing.flushHeaders();
      shown.body.pipe(outgoing);
    } else outgoing.end(shown.body);
  }

  /** Conditions and ranges, response headers policy, viewer-response function, and the edge's own headers. */
  private finish(answer: Answer, request: ViewerRequest): Answer {
    const selected = select(answer, request);
    if (selected.age !== undefined && selected.result !== 'RefreshHit')
      selected.headers.set('age', String(Math.floor(selected.age)));
    this.applyPolicy(selected, request);
    const shown = this.functions.response(selected, request);
    if (shown !== selected && selected.body instanceof SharedBody && shown.body !== selected.body)
      selected.body.abandon();
    if (shown.body instanceof Buffer) shown.headers.set('content-length', String(shown.body.length));
    shown.headers.flat.push(
      'x-cache',
      `${shown.result} from cloudfront`,
      'via',
      via(this.received.viewer.httpVersion, this.context.distribution.id),
      'x-amz-cf-pop',
      POINT_OF_PRESENCE,
      'x-amz-cf-id',
      this.requestId,
    );
    return shown;
  }

  private applyPolicy(answer: Answer, request: ViewerRequest): void {
    const { responseHeadersPolicy: policy } = this.behavior;
    if (policy === undefined) return;
    const { headers } = answer;
    applyResponseHeadersPolicy(policy, request, headers);
    if (!hasServerTiming(request.headers, policy.serverTimingSamplingRate)) return;
    const firstByte = performance.now() - this.started;
    addServerTiming(headers, { answer, requestId: this.requestId, pointOfPresence: POINT_OF_PRESENCE, firstByte });
  }

  private record(): void {
    const { received, outgoing, shown } = this;
    this.context.onRequest?.({
      requestId: this.requestId,
      time: this.time,
      method: received.method,
      url: received.query === '' ? received.path : `${received.path}?${received.query}`,
      host: received.headers.get('host') ?? '',
      behavior: this.behavior.pathPattern,
      status: shown?.status ?? 0,
      result: shown?.result ?? 'Error',
      reason: shown?.reason ?? 'the viewer left before the answer',
      ...(shown?.absence === undefined ? {} : { absence: shown.absence }),
      ...(shown?.key === undefined ? {} : { key: shown.key }),
      ...(shown?.age === undefined ? {} : { age: shown.age }),
      ...(shown?.origin === undefined ? {} : { origin: shown.origin }),
      functions: this.functions.runs,
      firstByte: this.firstByte,
      total: performance.now() - this.started,
      complete: outgoing.writableFinished,
      bytes: this.incoming.socket.bytesWritten - this.bytesBefore,
    });
  }
}

/** The answer with headers of its own, reduced to what the viewer's conditions ask for. */
function select(answer: Answer, request: ViewerRequest): Answer {
  const headers = answer.headers.copy();
  if (!answer.stored || answer.status !== 200 || !(answer.body instanceof Buffer)) return { ...answer, headers };
  const { status, body } = selectStored(request.headers, headers, answer.body, request.method);
  return { ...answer, status, statusText: status === 200 ? answer.statusText : '', headers, body };
}
