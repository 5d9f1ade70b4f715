import { request as httpRequest, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

import type { BalancerEvent } from './balancer-event';
import { clientAddress, forwardedHeaders, refusalOf, returnedHeaders, TRACE_ID } from './forwarded-request';
import { matchRule, redirectLocation, type ForwardAction, type ListenerSettings, type Rule } from './listener-rules';
import type { LoadBalancerSettings } from './load-balancer';
import { sendOwnResponse } from './own-response';
import type { RoutedRequest } from './rule-condition';
import { GROUP_COOKIE, readSticky, stickyCookies, stickyTarget, targetCookies } from './stickiness';
import type { Target } from './target';
import type { TargetGroup } from './target-group';

export interface BalancedRequestContext {
  readonly balancer: LoadBalancerSettings;
  readonly listener: ListenerSettings;
  readonly targetGroups: ReadonlyMap<string, TargetGroup>;
  readonly onRequest: ((event: BalancerEvent) => void) | undefined;
}

/** Seconds ALB waits for a connection to a target. */
const CONNECTION_TIMEOUT = 10;

/** Larger response headers are a 502. */
const MAX_RESPONSE_HEADER_BYTES = 32 * 1024;

/** Where a request goes, and the cookies that keep the client there. */
interface Destination {
  readonly group: TargetGroup;
  readonly target: Target | undefined;
  readonly groupCookies: readonly string[];
}

/** One client's request on its way to a target and back. */
export class BalancedRequest {
  private readonly time = Date.now();
  private readonly started = performance.now();
  private readonly routed: RoutedRequest;
  private readonly rule: Rule;
  private destination: Destination | undefined;
  private targetStatus: number | undefined;
  private targetFirstByte: number | undefined;
  private reason: string | undefined;
  private traceId: string | undefined;

  constructor(
    private readonly context: BalancedRequestContext,
    private readonly incoming: IncomingMessage,
  ) {
    this.routed = routedRequest(incoming);
    this.rule = matchRule(context.listener.rules, this.routed);
  }

  answer(outgoing: ServerResponse): void {
    outgoing.on('close', () => {
      this.record(outgoing.writableFinished ? outgoing.statusCode : 460);
    });
    const refusal = refusalOf(this.incoming);
    if (refusal !== undefined) {
      this.refuse(outgoing, refusal, 'the request breaks a limit of the load balancer');
      return;
    }
    const { action } = this.rule;
    switch (action.type) {
      case 'fixed-response':
        sendOwnResponse(outgoing, {
          status: action.status,
          contentType: `${action.contentType}; charset=utf-8`,
          body: action.body,
        });
        return;
      case 'redirect':
        sendOwnResponse(outgoing, {
          status: action.status,
          headers: { location: redirectLocation(action, this.routed, this.context.listener) },
        });
        return;
      case 'forward':
        this.forward(action, outgoing);
    }
  }

  /** A WebSocket handshake: after it, bytes go both ways until one side closes or falls silent. */
  upgrade(client: Duplex, head: Buffer): void {
    const { action } = this.rule;
    const target = action.type === 'forward' ? this.choose(action).target : undefined;
    client.on('error', () => client.destroy());
    client.on('close', () => {
      this.record(this.targetStatus ?? 460);
    });
    if (target === undefined) {
      client.end(
        'HTTP/1.1 503 Service Temporarily Unavailable\r\nServer: awselb/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      return;
    }
    const headers = [
      ...this.headers(),
      'Connection',
      'Upgrade',
      'Upgrade',
      this.incoming.headers.upgrade ?? 'websocket',
    ];
    const outgoing = this.open(target, headers, false);
    const done = target.begin(() => client.destroy());
    client.on('close', () => {
      outgoing.destroy();
      done();
    });
    outgoing.on('upgrade', (response, socket, first) => {
      this.targetStatus = response.statusCode;
      client.write(rawHead(response));
      if (first.length > 0) client.write(first);
      if (head.length > 0) socket.write(head);
      tunnel(client, socket, this.context.balancer.idleTimeout * 1000);
    });
    outgoing.on('response', (response) => {
      this.targetStatus = response.statusCode;
      client.write(rawHead(response));
      response.pipe(client);
    });
    outgoing.on('error', () => {
      if (client.writable)
        client.end('HTTP/1.1 502 Bad Gateway\r\nServer: awselb/2.0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    outgoing.end();
  }

  private forward(action: ForwardAction, client: ServerResponse): void {
    const destination = this.choose(action);
    const { target, group } = destination;
    if (target === undefined) {
      const states = group.health.map(({ state }) => state).join(', ');
      this.refuse(
        client,
        503,
        `target group ${group.settings.name} has no target to ask (${states || 'none registered'})`,
      );
      return;
    }
    const outgoing = this.open(target, this.headers(), true);
    const done = target.begin(() => {
      outgoing.destroy();
      client.destroy();
    });
    client.on('close', () => {
      done();
      if (!client.writableFinished) outgoing.destroy();
    });
    this.limitTime(outgoing, client);
    outgoing.on('response', (response) => {
      this.pass(response, client, destination);
    });
    outgoing.on('error', (error: Error) => {
      this.refuse(client, 502, `target ${target.id}: ${error.message}`);
    });
    // Nobody asked for a switch of protocols.
    outgoing.on('upgrade', (_, socket) => {
      socket.destroy();
      this.refuse(client, 502, `target ${target.id} switched protocols without being asked`);
    });
    this.incoming.pipe(outgoing);
  }

  private pass(response: IncomingMessage, client: ServerResponse, { target, group, groupCookies }: Destination): void {
    this.targetStatus = response.statusCode;
    this.targetFirstByte = performance.now() - this.started;
    if (client.destroyed) {
      response.destroy();
      return;
    }
    const headers = returnedHeaders(response.rawHeaders);
    headers.push(...targetCookies(group.settings.stickiness, target?.id ?? '', headers), ...groupCookies);
    client.writeHead(response.statusCode ?? 502, response.statusMessage, headers);
    client.flushHeaders();
    // An answer that breaks off must break off for the client too.
    response.on('error', () => client.destroy());
    response.on('aborted', () => client.destroy());
    response.pipe(client);
  }

  private headers(): string[] {
    const headers = forwardedHeaders(this.incoming, this.context.balancer, this.context.listener);
    this.traceId = headers[headers.indexOf(TRACE_ID) + 1];
    return headers;
  }

  private open(target: Target, headers: string[], keepAlive: boolean): ClientRequest {
    const { method, url } = this.incoming;
    const { host, port, agent } = target;
    return httpRequest({
      host,
      port,
      method,
      path: url,
      headers,
      agent: keepAlive ? agent : false,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
    });
  }

  /** The connection timeout, then the idle timeout: silence in both directions. */
  private limitTime(outgoing: ClientRequest, client: ServerResponse): void {
    const idleTimeout = this.context.balancer.idleTimeout * 1000;
    const expire = (reason: string): void => {
      this.refuse(client, 504, reason);
      outgoing.destroy();
    };
    outgoing.on('socket', (socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => {
        expire(`no connection to the target within ${String(CONNECTION_TIMEOUT)} s`);
      }, CONNECTION_TIMEOUT * 1000);
      const stop = (): void => {
        clearTimeout(timer);
      };
      socket.once('connect', stop);
      socket.once('close', stop);
    });
    outgoing.setTimeout(idleTimeout, () => {
      expire(`no byte for ${String(this.context.balancer.idleTimeout)} s (idle timeout)`);
    });
  }

  private choose(action: ForwardAction): Destination {
    const cookie = this.incoming.headers.cookie;
    const arn = this.chooseGroup(action, cookie);
    const group = this.context.targetGroups.get(arn);
    if (group === undefined) {
      throw new Error(`cdk-nextjs-ecs/local balancer: no target group "${arn}"`);
    }
    const target = group.choose(stickyTarget(group.settings.stickiness, cookie));
    const groupCookies = action.stickiness === undefined ? [] : stickyCookies(GROUP_COOKIE, arn, action.stickiness);
    this.destination = { group, target, groupCookies };
    return this.destination;
  }

  /** By weight, unless the client's cookie names one of the groups. */
  private chooseGroup({ groups, stickiness }: ForwardAction, cookie: string | undefined): string {
    const [only] = groups;
    if (groups.length === 1 && only !== undefined) return only.arn;
    const sticky = stickiness === undefined ? undefined : readSticky(cookie, GROUP_COOKIE);
    if (sticky !== undefined && groups.some(({ arn, weight }) => arn === sticky && weight > 0)) return sticky;
    let left = Math.random() * groups.reduce((sum, { weight }) => sum + weight, 0);
    const chosen = groups.find(({ weight }) => (left -= weight) < 0);
    return (chosen ?? only)?.arn ?? '';
  }

  /** An answer of the balancer itself; where one has begun already, only an end. */
  private refuse(client: ServerResponse, status: number, reason: string): void {
    if (client.headersSent || client.destroyed) {
      client.destroy();
      return;
    }
    this.reason ??= reason;
    sendOwnResponse(client, { status });
  }

  private record(status: number): void {
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
      total: performance.now() - this.started,
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

function rawHead(response: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${String(response.statusCode)} ${response.statusMessage ?? ''}`];
  for (let i = 0; i < response.rawHeaders.length; i += 2)
    lines.push(`${response.rawHeaders[i] ?? ''}: ${response.rawHeaders[i + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function tunnel(client: Duplex, target: Socket, idleTimeout: number): void {
  client.pipe(target).pipe(client);
  target.setTimeout(idleTimeout, () => target.destroy());
  target.on('error', () => target.destroy());
  target.on('close', () => client.destroy());
  client.on('close', () => target.destroy());
}
