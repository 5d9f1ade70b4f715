import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';

import type { BalancerEvent } from './balancer-event';
import { chooseDestination, type Destination } from './destination';
import { clientAddress, forwardedHeaders, refusalOf, TRACE_ID } from './forwarded-request';
import { matchRule, redirectLocation, type ListenerSettings, type Rule } from './listener-rules';
import type { LoadBalancerSettings } from './load-balancer';
import type { OwnResponse } from './own-response';
import type { RoutedRequest } from './rule-condition';
import type { Target } from './target';
import type { TargetGroup } from './target-group';

export interface BalancedRequestContext {
  readonly balancer: LoadBalancerSettings;
  readonly listener: ListenerSettings;
  readonly targetGroups: ReadonlyMap<string, TargetGroup>;
  readonly onRequest: ((event: BalancerEvent) => void) | undefined;
}

/** Larger response headers are a 502. */
const MAX_RESPONSE_HEADER_BYTES = 32 * 1024;

/**
 * Seconds that ALB waits for a connection to a target.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#http-504-issues
 */
export const CONNECTION_TIMEOUT = 10;

export const NO_CONNECTION = `no connection to the target within ${String(CONNECTION_TIMEOUT)} s`;

/** What the access log says of a client that left before its answer. */
export const CLIENT_LEFT = 460;

/** One client's request: the rule that takes it, the target it goes to, and what the log tells of it. */
export abstract class BalancedRequest {
  protected targetStatus: number | undefined;
  protected targetFirstByte: number | undefined;
  /** Why the balancer answered itself. */
  protected reason: string | undefined;
  private readonly time = Date.now();
  private readonly started = performance.now();
  private readonly routed: RoutedRequest;
  private readonly rule: Rule;
  private destination: Destination | undefined;
  private traceId: string | undefined;

  constructor(
    protected readonly context: BalancedRequestContext,
    protected readonly incoming: IncomingMessage,
  ) {
    this.routed = routedRequest(incoming);
    this.rule = matchRule(context.listener.rules, this.routed);
  }

  /** What the balancer answers itself, or where the request goes. */
  protected decide(): OwnResponse | Destination {
    const refusal = refusalOf(this.incoming);
    if (refusal !== undefined) {
      this.reason = 'the request breaks a limit of the load balancer';
      return { status: refusal };
    }
    const { action } = this.rule;
    switch (action.type) {
      case 'fixed-response':
        return { status: action.status, contentType: `${action.contentType}; charset=utf-8`, body: action.body };
      case 'redirect': {
        const location = redirectLocation(action, this.routed, this.context.listener);
        return { status: action.status, headers: { location } };
      }
      case 'forward':
        this.destination = chooseDestination(action, this.context.targetGroups, this.incoming.headers.cookie);
        return this.destination;
    }
  }

  /** Milliseconds since the request came. */
  protected get elapsed(): number {
    return performance.now() - this.started;
  }

  protected headers(): string[] {
    const headers = forwardedHeaders(this.incoming, this.context.balancer, this.context.listener);
    this.traceId = headers[headers.indexOf(TRACE_ID) + 1];
    return headers;
  }

  /** Asks the target, over a connection that is kept where its agent is given. */
  protected open({ host, port }: Target, headers: string[], agent: Target['agent'] | false): ClientRequest {
    const { method, url: path } = this.incoming;
    return httpRequest({ host, port, method, path, headers, agent, maxHeaderSize: MAX_RESPONSE_HEADER_BYTES });
  }

  protected record(status: number): void {
    const { onRequest, listener } = this.context;
    if (onRequest === undefined) return;
    const { incoming, destination, targetStatus, reason, targetFirstByte, traceId } = this;
    const edgeRequestId = incoming.headers['x-amz-cf-id'];
    onRequest({
      time: this.time,
      method: incoming.method ?? 'GET',
      url: incoming.url ?? '/',
      host: incoming.headers.host ?? '',
      ...(edgeRequestId === undefined ? {} : { edgeRequestId: String(edgeRequestId) }),
      ...(traceId === undefined ? {} : { traceId }),
      listener: listener.port,
      rule: this.rule.priority,
      ...(destination === undefined ? {} : { targetGroup: destination.group.settings.name }),
      ...(destination?.target === undefined ? {} : { target: destination.target.id }),
      status,
      ...(targetStatus === undefined ? {} : { targetStatus }),
      ...(reason === undefined ? {} : { reason }),
      ...(targetFirstByte === undefined ? {} : { targetFirstByte }),
      total: this.elapsed,
    });
  }
}

function routedRequest(incoming: IncomingMessage): RoutedRequest {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    host: (incoming.headers.host ?? '').replace(/:\d+$/, ''),
    sourceIp: clientAddress(incoming),
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    },
  };
}
