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

/** What edge and load balancer know of the viewer, and two more spellings of the same claims that neither of them writes. */
const OF_THE_VIEWER = new Set([
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-for',
  'x-real-ip',
  'forwarded',
]);

/**
 * Removes what a client may not say and rebuilds what edge and load balancer know of the viewer. Before them stands only what they
 * wrote last, because both pass on what a client sent.
 */
export function cleanIncoming(request: IncomingMessage): void {
  const { headers, url } = request;
  const forged = FORBIDDEN.filter((name) => name in headers);
  if (url?.includes(DATA_PATH) !== true) forged.push(...OF_DATA.filter((name) => name in headers));
  const { host } = headers;
  const protocol = viewerProtocol(headers);
  const viewer: readonly (readonly [name: string, value: string | undefined])[] = [
    ['x-forwarded-host', comesFromNext(request) ? (single(headers['x-forwarded-host']) ?? host) : host],
    ['x-forwarded-proto', protocol],
    ['x-forwarded-port', protocol === undefined ? undefined : viewerPort(host, protocol)],
    ['x-forwarded-for', viewerAddress(headers)],
  ];
  removeWithClaims(request, forged);
  for (const [name, value] of viewer) {
    if (value === undefined) continue;
    headers[name] = value;
    request.rawHeaders.push(name, value);
  }
}

/**
 * Next asks itself over HTTP when a server action redirects or belongs to another page. It names its own address as host, and the viewer's
 * in what it forwards. No viewer comes from loopback, and no edge answers to that name.
 */
function comesFromNext({ headers, socket }: IncomingMessage): boolean {
  const { remoteAddress = '' } = socket;
  const isLoopback = remoteAddress === '127.0.0.1' || remoteAddress === '::1' || remoteAddress === '::ffff:127.0.0.1';
  return isLoopback && headers.host !== undefined && ownOrigin() === `http://${headers.host}`;
}

let knownOrigin: string | undefined;

/** Next sets it once, when it listens; and looking into the environment takes longer than all else here. */
function ownOrigin(): string | undefined {
  return (knownOrigin ??= process.env.__NEXT_PRIVATE_ORIGIN);
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
  const hops = headers['x-forwarded-for'] === undefined ? [] : list(headers['x-forwarded-for']);
  const behindEdge = headers['x-amz-cf-id'] !== undefined;
  return behindEdge && hops.length > 1 ? hops.at(-2) : hops.at(-1);
}

/**
 * Removes these headers, and all claims about the viewer. Next reads `headers`; a proxied rewrite and some libraries read `rawHeaders`:
 * both have to say the same.
 */
function removeWithClaims(request: IncomingMessage, names: readonly string[]): void {
  const { headers, rawHeaders } = request;
  const kept: string[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const rawName = rawHeaders[index] ?? '';
    const name = rawName.toLowerCase();
    if (OF_THE_VIEWER.has(name) || names.includes(name)) Reflect.deleteProperty(headers, name);
    else kept.push(rawName, rawHeaders[index + 1] ?? '');
  }
  request.rawHeaders = kept;
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function last(value: string | string[] | undefined): string | undefined {
  return value === undefined ? undefined : list(value).at(-1);
}

function list(value: string | string[]): string[] {
  const text = Array.isArray(value) ? value.join(',') : value;
  return text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
}
