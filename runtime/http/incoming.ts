import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

import { Header } from '../../contract';

/**
 * What only Next itself, its own platform or this package may say. Next's own on-demand revalidation does not pass here: `res.revalidate()`
 * renders in process, without a connection.
 */
const FORBIDDEN: readonly string[] = [
  'x-middleware-subrequest',
  'x-now-route-matches',
  'x-matched-path',
  'next-resume',
  'x-next-resume-state-length',
  'x-prerender-revalidate',
  'x-prerender-revalidate-if-generated',
  // Next takes the nonce for its scripts from these, and would keep a client's in the page that it renders for all:
  // https://github.com/vercel/next.js/security/advisories/GHSA-ffhc-5mcf-pf4q
  'content-security-policy',
  'content-security-policy-report-only',
  Header.CACHE_TAG,
  Header.VERDICT,
];

/**
 * What Next's client says of Pages Router data. On another path it would turn a redirect of the app's proxy into an empty answer that caches keep:
 * https://github.com/vercel/next.js/security/advisories/GHSA-3g8h-86w9-wvmq
 */
const OF_DATA: readonly string[] = ['x-nextjs-data', 'x-middleware-prefetch'];
const DATA_PATH = '/_next/data/';

/** Whether the request's target is a path. A whole address would send Next elsewhere; edge and load balancer never ask for one. */
export function asksForPath({ url = '' }: IncomingMessage): boolean {
  return url.startsWith('/');
}

/**
 * Removes what a client may not say and rebuilds what edge and load balancer know of the viewer. Before them stands only what they
 * wrote last, because both pass on what a client sent.
 */
export function cleanIncoming(request: IncomingMessage): void {
  const { headers } = request;
  const rewritten: Record<string, string | undefined> = {};
  const forbidden = request.url?.includes(DATA_PATH) === true ? FORBIDDEN : [...FORBIDDEN, ...OF_DATA];
  for (const name of forbidden) if (name in headers) rewritten[name] = undefined;
  const host = headers.host;
  const protocol = viewerProtocol(headers);
  rewritten['x-forwarded-host'] = comesFromNext(request) ? (single(headers['x-forwarded-host']) ?? host) : host;
  rewritten['x-forwarded-proto'] = protocol;
  rewritten['x-forwarded-port'] = protocol === undefined ? undefined : viewerPort(host, protocol);
  rewritten['x-forwarded-for'] = viewerAddress(headers);
  // The obsolete and the standard spelling of the same claims; no hop of ours writes either.
  rewritten['x-real-ip'] = undefined;
  rewritten.forwarded = undefined;
  rewrite(request, rewritten);
}

/**
 * Next asks itself over HTTP when a server action redirects or belongs to another page. It names its own address as host, and the viewer's
 * in what it forwards. No viewer comes from loopback, and no edge answers to that name.
 */
function comesFromNext({ headers, socket }: IncomingMessage): boolean {
  const { remoteAddress = '' } = socket;
  const isLoopback = remoteAddress === '127.0.0.1' || remoteAddress === '::1' || remoteAddress === '::ffff:127.0.0.1';
  return isLoopback && headers.host !== undefined && process.env.__NEXT_PRIVATE_ORIGIN === `http://${headers.host}`;
}

/** The balancer is always asked over HTTP: what the viewer used is known to CloudFront alone. */
function viewerProtocol(headers: IncomingHttpHeaders): 'http' | 'https' | undefined {
  const claimed = single(headers['cloudfront-forwarded-proto']) ?? last(headers['x-forwarded-proto']);
  return claimed === 'http' || claimed === 'https' ? claimed : undefined;
}

function viewerPort(host: string | undefined, protocol: 'http' | 'https'): string {
  return /:(\d+)$/.exec(host ?? '')?.[1] ?? (protocol === 'https' ? '443' : '80');
}

/** CloudFront appends the viewer's address and the balancer CloudFront's: what stands before those two is a client's claim. */
function viewerAddress(headers: IncomingHttpHeaders): string | undefined {
  const exact = single(headers['cloudfront-viewer-address']);
  if (exact !== undefined) return exact.replace(/:\d+$/, '');
  const hops = list(headers['x-forwarded-for']);
  const behindEdge = headers['x-amz-cf-id'] !== undefined;
  return behindEdge && hops.length > 1 ? hops.at(-2) : hops.at(-1);
}

/** Next reads `headers`; a proxied rewrite and some libraries read `rawHeaders`: both have to say the same. */
function rewrite(request: IncomingMessage, rewritten: Readonly<Record<string, string | undefined>>): void {
  const { headers, rawHeaders } = request;
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!(name.toLowerCase() in rewritten)) kept.push(name, rawHeaders[index + 1] ?? '');
  }
  for (const [name, value] of Object.entries(rewritten)) {
    if (value === undefined) {
      Reflect.deleteProperty(headers, name);
    } else {
      headers[name] = value;
      kept.push(name, value);
    }
  }
  request.rawHeaders = kept;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function last(value: string | string[] | undefined): string | undefined {
  return list(value).at(-1);
}

function list(value: string | string[] | undefined): string[] {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}
