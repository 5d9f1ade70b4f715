import { errorAnswer, type Answer } from './answer';
import type { Behavior, Distribution } from './distribution';
import type { FunctionRun } from './edge-event';
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
import type { ViewerRequest } from './viewer-request';

export interface ViewerFunctionsOptions {
  readonly behavior: Behavior;
  readonly distribution: Distribution;
  readonly requestId: string;
  /** As it came, before any function. */
  readonly received: ViewerRequest;
}

/** The CloudFront Functions of a behaviour, as they run for one request. */
export class ViewerFunctions {
  /** Those that ran, in their order. */
  readonly runs: FunctionRun[] = [];

  constructor(private readonly options: ViewerFunctionsOptions) {}

  /** The request as the viewer-request function leaves it, or what is answered in place of an origin. */
  request(): ViewerRequest | Answer {
    const { behavior, received } = this.options;
    const { viewerRequest: edgeFunction } = behavior;
    if (edgeFunction === undefined) return received;
    const sent = eventRequest(received);
    return this.guard(edgeFunction, 'viewer-request', () => {
      const output = this.invoke(edgeFunction, 'viewer-request', { request: sent });
      if (!isResponse(output)) return requestFrom(output as EventRequest, sent, received);
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

  /** The answer as the viewer-response function leaves it; errors and what a function made have none. */
  response(answer: Answer, request: ViewerRequest): Answer {
    const { viewerResponse: edgeFunction } = this.options.behavior;
    if (edgeFunction === undefined || answer.status >= 400 || answer.result.startsWith('Function')) return answer;
    return this.guard(edgeFunction, 'viewer-response', () => {
      const sent = eventResponse(answer.status, answer.statusText, answer.headers);
      const output = this.invoke(edgeFunction, 'viewer-response', { request: eventRequest(request), response: sent });
      if (!isResponse(output)) throw new EdgeFunctionError('the handler of a viewer response must return the response');
      const { status, statusText, headers, body } = responseFrom(output, sent, answer.headers);
      return { ...answer, status, statusText: statusText ?? '', headers, body: body ?? answer.body };
    });
  }

  /** A failing function is answered by CloudFront itself. */
  private guard<T>(edgeFunction: EdgeFunction, eventType: FunctionRun['eventType'], run: () => T): T | Answer {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof EdgeFunctionError || error instanceof FunctionValidationError)) throw error;
      this.runs.push({ name: edgeFunction.name, eventType, milliseconds: 0, logs: [], error: error.message });
      const invalid = error instanceof FunctionValidationError;
      const result = invalid ? 'FunctionValidationError' : 'FunctionExecutionError';
      return errorAnswer(invalid ? 502 : 503, `function ${edgeFunction.name}, ${eventType}: ${error.message}`, {
        result,
        requestId: this.options.requestId,
      });
    }
  }

  private invoke(
    edgeFunction: EdgeFunction,
    eventType: FunctionRun['eventType'],
    messages: { request: EventRequest; response?: EventResponse },
  ): unknown {
    const { distribution, received, requestId } = this.options;
    const event: FunctionEvent = {
      version: '1.0',
      context: { distributionDomainName: distribution.domainName, distributionId: distribution.id, eventType },
      viewer: { ip: received.viewer.address },
      ...messages,
    };
    const { output, logs, milliseconds } = edgeFunction.run(event, requestId);
    this.runs.push({ name: edgeFunction.name, eventType, milliseconds, logs });
    if (typeof output !== 'object' || output === null)
      throw new EdgeFunctionError('the handler returned neither a request nor a response');
    return output;
  }
}

function isResponse(output: unknown): output is EventResponse {
  return typeof output === 'object' && output !== null && 'statusCode' in output;
}
