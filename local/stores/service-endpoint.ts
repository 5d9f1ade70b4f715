import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CallLog } from './call-log';
import type { Interceptor, ServiceCall } from './interceptor';

/** What every embedded service accepts. */
export interface ServiceOptions {
  /** Counts the calls; without it nobody counts. */
  readonly calls?: CallLog;
  /** Sees every call first. */
  readonly interceptor?: Interceptor;
}

/** A service's answer, complete. */
export interface ServiceAnswer {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** How a service puts an error that the interceptor asked for into its protocol. */
export type ErrorFormat = (statusCode: number, code: string, message: string) => ServiceAnswer;

/** The way of a call through a service: counted, shown to the interceptor, performed, answered. */
export class ServiceEndpoint {
  /** Replaceable while the service runs. */
  interceptor: Interceptor | undefined;
  /** Number of calls that have not been answered yet. */
  running = 0;

  constructor(
    private readonly options: ServiceOptions,
    private readonly formatError: ErrorFormat,
  ) {
    this.interceptor = options.interceptor;
  }

  async answer(
    call: ServiceCall,
    request: IncomingMessage,
    response: ServerResponse,
    perform: () => Promise<ServiceAnswer>,
  ): Promise<void> {
    if (call.accessKeyId !== undefined) this.options.calls?.record(call.service, call.operation);
    this.running += 1;
    try {
      await this.answerOne(call, request, response, perform);
    } finally {
      this.running -= 1;
    }
  }

  private async answerOne(
    call: ServiceCall,
    request: IncomingMessage,
    response: ServerResponse,
    perform: () => Promise<ServiceAnswer>,
  ): Promise<void> {
    const interference = await this.intercept(call, response);
    if (interference?.kind === 'disconnect') {
      response.destroy();
      return;
    }
    if (interference?.kind === 'error') {
      sendAnswer(request, response, this.formatError(interference.statusCode, interference.code, interference.message));
      return;
    }
    const answer = await perform();
    if (interference?.kind === 'lose-answer') response.destroy();
    else sendAnswer(request, response, interference?.kind === 'alter' ? altered(answer, interference.alter) : answer);
  }

  private async intercept(call: ServiceCall, response: ServerResponse) {
    if (!this.interceptor) return undefined;
    const gone = new AbortController();
    const abort = () => {
      gone.abort();
    };
    response.once('close', abort);
    try {
      return await this.interceptor(call, gone.signal);
    } finally {
      response.off('close', abort);
    }
  }
}

function altered({ body, ...answer }: ServiceAnswer, alter: (body: Buffer) => Buffer): ServiceAnswer {
  return { ...answer, ...(body !== undefined && { body: alter(Buffer.from(body)) }) };
}

/** Who signed the request, from a Signature Version 4 header or query string; undefined for an unsigned request. */
export function signerOf(request: IncomingMessage): string | undefined {
  const source = request.headers.authorization ?? (request.url ?? '').replaceAll('%2F', '/');
  return /Credential=([^/,&\s]+)\//.exec(source)?.[1];
}

export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: ServiceAnswer): void {
  request.resume();
  const hasBody = answer.body !== undefined && request.method !== 'HEAD' && answer.statusCode !== 304;
  response.writeHead(answer.statusCode, {
    ...(answer.body !== undefined &&
      answer.statusCode !== 304 && { 'content-length': String(Buffer.byteLength(answer.body)) }),
    'x-amz-request-id': randomUUID(),
    ...answer.headers,
  });
  response.end(hasBody ? answer.body : undefined);
}
