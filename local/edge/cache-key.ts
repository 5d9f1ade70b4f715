import { cloudFrontHeader } from './cloudfront-headers';
import type { CachePolicy, Selection } from './policies';
import type { ViewerRequest } from './viewer-request';

/**
 * CloudFront's normalized `Accept-Encoding`: what is keyed and forwarded when a policy caches compressed objects.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cache-key-understand-cache-policy.html#cache-policy-compressed-objects
 */
export interface AcceptEncoding {
  /** What is in the cache key; undefined for none. */
  readonly keyed?: string;
  /** What the origin gets; undefined for none. */
  readonly forwarded?: string;
  readonly gzip: boolean;
  readonly brotli: boolean;
}

const NONE: AcceptEncoding = { gzip: false, brotli: false };

export function normalizeAcceptEncoding(
  value: string | undefined,
  httpVersion: string,
  policy: CachePolicy,
): AcceptEncoding {
  if (value === undefined || httpVersion === '1.0' || !(policy.gzip || policy.brotli)) return NONE;
  const gzip = policy.gzip && accepts(value, 'gzip');
  const brotli = policy.brotli && accepts(value, 'br');
  const normalized = [brotli ? 'br' : '', gzip ? 'gzip' : ''].filter(Boolean).join(',');
  return normalized === ''
    ? { ...NONE, forwarded: 'identity' }
    : { keyed: normalized, forwarded: normalized, gzip, brotli };
}

/** Whether the header names the coding without refusing it (`;q=0`). */
function accepts(value: string, coding: string): boolean {
  return value.split(',').some((part) => {
    const [name, ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    return name === coding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/**
 * The cache key: path, and the queries, headers and cookies that the cache policy lists. `Vary` is no part of it.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-the-cache-key.html
 */
export interface CacheKey {
  readonly text: string;
  /** Path with the keyed queries: what invalidations by path are compared with. */
  readonly url: string;
}

export function cacheKeyOf(request: ViewerRequest, policy: CachePolicy, encoding: AcceptEncoding): CacheKey {
  const query = selectQuery(request.query, policy.queryStrings);
  const url = query === '' ? request.path : `${request.path}?${query}`;
  let text = request.method === 'OPTIONS' ? `OPTIONS ${url}` : url;
  if (encoding.keyed !== undefined) text += `\naccept-encoding: ${encoding.keyed}`;
  if (!policy.headers.none || policy.headers.cloudFrontHeaders.length > 0) text += keyedHeaders(request, policy);
  if (!policy.cookies.none) {
    const cookies = selectCookies(request.headers.get('cookie'), policy.cookies);
    if (cookies !== '') text += `\ncookie: ${cookies}`;
  }
  return { text, url };
}

function keyedHeaders(request: ViewerRequest, policy: CachePolicy): string {
  let text = '';
  for (const name of policy.headers.names) {
    const value = request.headers.get(name);
    if (value !== undefined) text += `\n${name}: ${value}`;
  }
  for (const name of policy.headers.cloudFrontHeaders) {
    const value = cloudFrontHeader(name, request.viewer, request.headers);
    if (value !== undefined) text += `\n${name}: ${value}`;
  }
  return text;
}

/** The part of a raw query string that a policy takes, in the viewer's order. */
export function selectQuery(query: string, selection: Selection): string {
  if (query === '' || selection.none) return '';
  return query
    .split('&')
    .filter((pair) => pair !== '' && selection.takes(nameOf(pair)))
    .join('&');
}

function nameOf(pair: string): string {
  const end = pair.indexOf('=');
  const name = end < 0 ? pair : pair.slice(0, end);
  if (!name.includes('%')) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The cookies that a policy takes, sorted by name as CloudFront does before it keys or forwards them. */
export function selectCookies(cookie: string | undefined, selection: Selection): string {
  if (cookie === undefined || selection.none) return '';
  return cookie
    .split(/;\s*/)
    .filter((pair) => pair !== '' && selection.takes(cookieName(pair)))
    .sort((one, other) => (cookieName(one) < cookieName(other) ? -1 : cookieName(one) > cookieName(other) ? 1 : 0))
    .join('; ');
}

function cookieName(pair: string): string {
  const end = pair.indexOf('=');
  return end < 0 ? pair : pair.slice(0, end);
}
