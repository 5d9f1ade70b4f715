import type { IncomingMessage } from 'node:http';

import { randomText } from '../random-text';
import type { ListenerSettings } from './listener-rules';
import type { LoadBalancerSettings } from './load-balancer';

/** Headers that belong to one connection. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
]);

const REPLACED = new Set(['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-port', 'x-amzn-trace-id']);

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
const MAX_REQUEST_LINE_BYTES = 16 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
export const MAX_HEADERS_BYTES = 64 * 1024;

/** An `X-Forwarded-For` with more addresses is refused. */
const MAX_FORWARDED_FOR = 30;

export const TRACE_ID = 'X-Amzn-Trace-Id';

export function clientAddress(incoming: IncomingMessage): string {
  return (incoming.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
}

/** The status that ALB turns the request away with before it looks at the rules; undefined when all is well. */
export function refusalOf(incoming: IncomingMessage): number | undefined {
  const { method = 'GET', url = '/', rawHeaders } = incoming;
  if (method === 'TRACE') return 405;
  if (method.length + url.length + ' HTTP/1.1'.length > MAX_REQUEST_LINE_BYTES) return 414;
  let size = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const bytes = (rawHeaders[i] ?? '').length + (rawHeaders[i + 1] ?? '').length + 4;
    if (bytes > MAX_HEADER_BYTES) return 400;
    size += bytes;
  }
  if (size > MAX_HEADERS_BYTES) return 400;
  const forwardedFor = String(incoming.headers['x-forwarded-for'] ?? '');
  return forwardedFor.split(',').length > MAX_FORWARDED_FOR ? 463 : undefined;
}

/** The headers that the target gets, flat as Node.js takes them. */
export function forwardedHeaders(
  incoming: IncomingMessage,
  balancer: LoadBalancerSettings,
  listener: ListenerSettings,
): string[] {
  const { rawHeaders } = incoming;
  const headers: string[] = ['Host', hostHeader(incoming, balancer, listener)];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || REPLACED.has(lower)) continue;
    if (balancer.dropInvalidHeaderFields && !/^[-A-Za-z0-9]+$/.test(name)) continue;
    headers.push(name, rawHeaders[i + 1] ?? '');
  }
  const forwardedFor = forwardedForHeader(incoming, balancer);
  if (forwardedFor !== undefined) headers.push('X-Forwarded-For', forwardedFor);
  headers.push('X-Forwarded-Proto', listener.protocol, 'X-Forwarded-Port', String(listener.port));
  headers.push(TRACE_ID, traceId(incoming));
  return headers;
}

/**
 * The viewer's host; on a port that is not the protocol's own, ALB adds the port.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html#host-header-preservation
 */
function hostHeader(incoming: IncomingMessage, balancer: LoadBalancerSettings, listener: ListenerSettings): string {
  const host = incoming.headers.host ?? '';
  if (balancer.preserveHostHeader) return host;
  const usual = listener.port === (listener.protocol === 'https' ? 443 : 80);
  if (usual) return host.replace(/:(?:80|443)$/, '');
  return /:\d+$/.test(host) ? host : `${host}:${String(listener.port)}`;
}

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html */
function forwardedForHeader(
  incoming: IncomingMessage,
  { forwardedFor, forwardedForPort }: LoadBalancerSettings,
): string | undefined {
  const received = incoming.headers['x-forwarded-for'];
  const before = received === undefined ? undefined : String(received);
  if (forwardedFor === 'preserve') return before;
  if (forwardedFor === 'remove') return undefined;
  const address = forwardedForPort
    ? `${clientAddress(incoming)}:${String(incoming.socket.remotePort)}`
    : clientAddress(incoming);
  return before === undefined ? address : `${before}, ${address}`;
}

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html */
function traceId(incoming: IncomingMessage): string {
  const id = `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomText(12, 'hex')}`;
  const received = incoming.headers['x-amzn-trace-id'];
  if (received === undefined) return `Root=${id}`;
  const kept = String(received)
    .split(';')
    .filter((field) => !field.startsWith('Self='));
  return [`Self=${id}`, ...kept].join(';');
}

/** What of the target's headers goes to the client. */
export function returnedHeaders(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase()) && name.toLowerCase() !== 'transfer-encoding')
      headers.push(name, rawHeaders[i + 1] ?? '');
  }
  return headers;
}
