import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';

import { errorAnswer, type Answer } from './answer';
import type { Behavior, Distribution } from './distribution';
import type { EdgeEvent, FunctionRun } from './edge-event';
import { EdgeFunctionError, type EdgeFunction } from './edge-function';
import {
  eventRequest,
  eventResponse,
  FunctionValidationError,
  requestFrom,
  responseFrom,
  type EventRequest,
  type EventResponse,
  type FunctionEvent,
} from './function-event';
import { HeaderFields } from './header-fields';
import { via } from './origin-request';
import { createRequestId } from './request-id';
import { applyResponseHeadersPolicy } from './response-headers-policy';
import type { Retriever } from './retriever';
import { SharedBody } from './shared-body';
import { selectStored } from './stored-response';
import { readViewerRequest, type ViewerRequest, type ViewerSettings } from './viewer-request';

export interface ExchangeContext {
  readonly distribution: Distribution;
  readonly retriever: Retriever;
  readonly viewer: ViewerSettings;
  readonly behaviorOf: (path: string) => Behavior;
  readonly now: () => number;
  readonly onRequest: ((event: EdgeEvent) => void) | undefined;
}

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-general */
const MAX_URL_BYTES = 8_192;
const MAX_REQUEST_BYTES = 32_768;

/** Where the viewer is served from. */
const POINT_OF_PRESENCE = 'LOCAL1-C1';

/** One viewer's request and its answer. */
export class Exchange {
  readonly requestId = createRequestId();
  private readonly started = performance.now();
  private readonly time: number;
  private readonly received: ViewerRequest;
  private readonly behavior: Behavior;
  private readonly functions: FunctionRun[] = [];
  private readonly abort = new AbortController();
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
  }

  async run(): Promise<void> {
    this.outgoing.on('close', () => {
      if (!this.outgoing.writableFinished) this.abort.abort();
      this.record();
    });
    try {
      const { answer, request } = await this.answer();
      this.deliver(answer, request);
    } catch (error) {
      if (this.abort.signal.aborted) return;
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
    const { viewerRequest } = this.behavior;
    const seen = viewerRequest === undefined ? this.received : this.runViewerRequest(viewerRequest);
    if ('result' in seen) return { answer: seen, request: this.received };
    const request = this.withRootObject(seen);
    const { signal } = this.abort;
    const body = request.hasBody ? { body: this.incoming } : {};
    const answer = await this.context.retriever.retrieve({
      request,
      behavior: this.behavior,
      requestId: this.requestId,
      signal,
      ...body,
    });
    return { answer, request };
  }

  /** What CloudFront turns away before it looks further. */
  private refuse(): Answer | undefined {
    const { method, path, query, headers, hasBody } = this.received;
    const urlBytes = path.length + query.length + (headers.get('host') ?? '').length;
    if (urlBytes > MAX_URL_BYTES || urlBytes + headers.size > MAX_REQUEST_BYTES) {
      this.outgoing.shouldKeepAlive = false;
      return errorAnswer(
        413,
        `the URL may have ${String(MAX_URL_BYTES)} bytes, the request without its body ${String(MAX_REQUEST_BYTES)}`,
        this,
      );
    }
    const { allowedMethods, pathPattern } = this.behavior;
    if (!allowedMethods.has(method)) {
      return errorAnswer(
        403,
        `behaviour ${pathPattern} allows ${[...allowedMethods].join(', ')}; received ${method}`,
        this,
      );
    }
    return method === 'GET' && hasBody ? errorAnswer(403, 'a GET request must not have a body', this) : undefined;
  }

  private withRootObject(request: ViewerRequest): ViewerRequest {
    const { defaultRootObject } = this.context.distribution;
    return request.path === '/' && defaultRootObject !== undefined
      ? { ...request, path: `/${defaultRootObject}` }
      : request;
  }

  private runViewerRequest(edgeFunction: EdgeFunction): ViewerRequest | Answer {
    const sent = eventRequest(this.received);
    return this.guard(edgeFunction, 'viewer-request', () => {
      const output = this.invoke(edgeFunction, 'viewer-request', { request: sent });
      if (!isResponse(output)) return requestFrom(output as EventRequest, sent, this.received);
      const { status, statusText, headers, body } = responseFrom(
        output,
        { statusCode: output.statusCode },
        new HeaderFields(),
      );
      return {
        result: 'FunctionGeneratedResponse' as const,
        reason: `function ${edgeFunction.name} answered`,
        status,
        statusText: statusText ?? '',
        headers: headers.delete('content-length').append('server', 'CloudFront'),
        body: body ?? Buffer.alloc(0),
        stored: false,
      };
    });
  }

  /** A failing function is answered by CloudFront itself. */
  private guard<T>(edgeFunction: EdgeFunction, eventType: FunctionRun['eventType'], run: () => T): T | Answer {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof EdgeFunctionError || error instanceof FunctionValidationError)) throw error;
      this.functions.push({ name: edgeFunction.name, eventType, milliseconds: 0, logs: [], error: error.message });
      const invalid = error instanceof FunctionValidationError;
      const result = invalid ? 'FunctionValidationError' : 'FunctionExecutionError';
      return errorAnswer(invalid ? 502 : 503, `function ${edgeFunction.name}, ${eventType}: ${error.message}`, {
        result,
        requestId: this.requestId,
      });
    }
  }

  private invoke(
    edgeFunction: EdgeFunction,
    eventType: FunctionRun['eventType'],
    messages: { request: EventRequest; response?: EventResponse },
  ): unknown {
    const { distribution } = this.context;
    const event: FunctionEvent = {
      version: '1.0',
      context: { distributionDomainName: distribution.domainName, distributionId: distribution.id, eventType },
      viewer: { ip: this.received.viewer.address },
      ...messages,
    };
    const { output, logs, milliseconds } = edgeFunction.run(event, this.requestId);
    this.functions.push({ name: edgeFunction.name, eventType, milliseconds, logs });
    if (typeof output !== 'object' || output === null)
      throw new EdgeFunctionError('the handler returned neither a request nor a response');
    return output;
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
    const { responseHeadersPolicy, viewerResponse } = this.behavior;
    if (selected.age !== undefined && selected.result !== 'RefreshHit')
      selected.headers.set('age', String(Math.floor(selected.age)));
    if (responseHeadersPolicy !== undefined)
      applyResponseHeadersPolicy(responseHeadersPolicy, request, selected.headers);
    const generated = selected.result.startsWith('Function');
    const shown =
      viewerResponse === undefined || selected.status >= 400 || generated
        ? selected
        : this.runViewerResponse(viewerResponse, selected, request);
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

  private runViewerResponse(edgeFunction: EdgeFunction, answer: Answer, request: ViewerRequest): Answer {
    return this.guard(edgeFunction, 'viewer-response', () => {
      const sent = eventResponse(answer.status, answer.statusText, answer.headers);
      const output = this.invoke(edgeFunction, 'viewer-response', { request: eventRequest(request), response: sent });
      if (!isResponse(output)) throw new EdgeFunctionError('the handler of a viewer response must return the response');
      const { status, statusText, headers, body } = responseFrom(output, sent, answer.headers);
      return { ...answer, status, statusText: statusText ?? '', headers, body: body ?? answer.body };
    });
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
      functions: this.functions,
      firstByte: this.firstByte,
      total: performance.now() - this.started,
      complete: outgoing.writableFinished,
      bytes: this.incoming.socket.bytesWritten - this.bytesBefore,
    });
  }
}

function isResponse(output: unknown): output is EventResponse {
  return typeof output === 'object' && output !== null && 'statusCode' in output;
}

/** The answer with headers of its own, reduced to what the viewer's conditions ask for. */
function select(answer: Answer, request: ViewerRequest): Answer {
  const headers = answer.headers.copy();
  if (!answer.stored || answer.status !== 200 || !(answer.body instanceof Buffer)) return { ...answer, headers };
  const { status, body } = selectStored(request.headers, headers, answer.body, request.method);
  return { ...answer, status, statusText: status === 200 ? answer.statusText : '', headers, body };
}
