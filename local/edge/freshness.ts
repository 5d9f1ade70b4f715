import { LRUCache } from 'lru-cache';

import type { HeaderFields } from './header-fields';
import type { CachePolicy } from './policies';

/** What a response's headers allow the edge to do with it. Durations in seconds. */
export interface Freshness {
  /** Whether it is kept at all. */
  readonly storable: boolean;
  /** How long it is served without asking the origin. */
  readonly ttl: number;
  /** Age that the response had when it came. */
  readonly initialAge: number;
  /** How long after its end it is served while a fresh one is fetched behind. */
  readonly staleWhileRevalidate: number;
  /** How long after its end it is served when the origin fails. */
  readonly staleIfError: number;
  /** Why, in words for the request log. */
  readonly reason: string;
}

export interface OriginResponseHead {
  readonly status: number;
  readonly headers: HeaderFields;
}

/**
 * Errors that CloudFront keeps whatever they say, and those it keeps only when they carry `max-age` or `s-maxage`.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html#HTTPStatusCodes-cached-errors
 */
const ALWAYS_CACHED_ERRORS = new Set([404, 414, 500, 501, 502, 503, 504]);
const CACHED_WITH_MAX_AGE = new Set([400, 403, 405, 412, 415]);

/** A site says the same few things again and again. */
const parsed = new LRUCache<string, ReadonlyMap<string, string>>({ max: 100 });

/** Directives of `Cache-Control` in lower case; those without a value are ''. */
function parseCacheControl(value = ''): ReadonlyMap<string, string> {
  const known = parsed.get(value);
  if (known !== undefined) return known;
  const directives = readDirectives(value);
  parsed.set(value, directives);
  return directives;
}

function readDirectives(value: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const match of value.matchAll(/([^\s,;=]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,;]*)))?/g)) {
    const name = (match[1] ?? '').toLowerCase();
    if (!directives.has(name)) directives.set(name, match[2] ?? match[3] ?? '');
  }
  return directives;
}

function seconds(directives: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = directives.get(name);
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}

/**
 * @param errorTtl the error caching minimum TTL of the response's status
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html#ExpirationDownloadDist
 */
export function freshnessOf(
  response: OriginResponseHead,
  policy: CachePolicy,
  errorTtl: number,
  now: number,
): Freshness {
  const directives = parseCacheControl(response.headers.get('cache-control'));
  if (response.status >= 400) return errorFreshness(response.status, directives, policy, errorTtl);
  if (policy.maxTtl === 0) return uncacheable('the cache policy disables caching (MaxTTL 0)');
  const forbidden = ['no-store', 'private'].find((directive) => directives.has(directive));
  if (forbidden !== undefined && policy.minTtl === 0) return uncacheable(`Cache-Control: ${forbidden}`);
  return successFreshness(response, directives, policy, now);
}

function uncacheable(reason: string): Freshness {
  return { storable: false, ttl: 0, initialAge: 0, staleWhileRevalidate: 0, staleIfError: 0, reason };
}

function successFreshness(
  response: OriginResponseHead,
  directives: ReadonlyMap<string, string>,
  policy: CachePolicy,
  now: number,
): Freshness {
  const { minTtl, maxTtl } = policy;
  const initialAge = Math.max(0, Number(response.headers.get('age') ?? 0) || 0);
  const { said, reason } = lifetimeSaid(response, directives, policy, now);
  const ttl = Math.max(minTtl, Math.min(said, maxTtl));
  const bounded =
    ttl > said ? `, raised to MinTTL ${String(minTtl)} s` : ttl < said ? `, capped at MaxTTL ${String(maxTtl)} s` : '';
  // A response that must be revalidated is never served stale (RFC 9111, 5.2.2), nor one that is asked for again each time.
  const staleAllowed = !['must-revalidate', 'proxy-revalidate', 'no-cache'].some((directive) =>
    directives.has(directive),
  );
  // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html#stale-content
  const staleFor = (said: number): number => (staleAllowed ? Math.min(said, maxTtl) : 0);
  return {
    storable: true,
    ttl,
    initialAge,
    staleWhileRevalidate: staleFor(seconds(directives, 'stale-while-revalidate') ?? 0),
    // Without the directive CloudFront serves what it still has for as long as the origin answers with 5xx.
    staleIfError: staleFor(seconds(directives, 'stale-if-error') ?? Infinity),
    reason: reason + bounded,
  };
}

function lifetimeSaid(
  response: OriginResponseHead,
  directives: ReadonlyMap<string, string>,
  policy: CachePolicy,
  now: number,
): { said: number; reason: string } {
  const forbidden = ['no-store', 'private', 'no-cache'].find((directive) => directives.has(directive));
  if (forbidden !== undefined) return { said: 0, reason: `Cache-Control: ${forbidden}` };
  // "Vary: *" with MinTTL 0 is kept, but every request goes to the origin.
  if (policy.minTtl === 0 && response.headers.get('vary')?.trim() === '*') return { said: 0, reason: 'Vary: *' };
  const sharedMaxAge = seconds(directives, 's-maxage');
  if (sharedMaxAge !== undefined) return { said: sharedMaxAge, reason: `s-maxage=${String(sharedMaxAge)}` };
  const maxAge = seconds(directives, 'max-age');
  if (maxAge !== undefined) return { said: maxAge, reason: `max-age=${String(maxAge)}` };
  const expires = response.headers.get('expires');
  if (expires !== undefined) {
    const date = Date.parse(response.headers.get('date') ?? '');
    const end = Date.parse(expires);
    // A date that cannot be read ("0", "-1") lies in the past.
    const said = Number.isNaN(end) ? 0 : Math.max(0, (end - (Number.isNaN(date) ? now : date)) / 1000);
    return { said, reason: `Expires: ${expires}` };
  }
  return { said: policy.defaultTtl, reason: `no Cache-Control: DefaultTTL ${String(policy.defaultTtl)} s` };
}

/** Errors are kept for the greater of the error caching minimum TTL and what they say themselves. */
function errorFreshness(
  status: number,
  directives: ReadonlyMap<string, string>,
  policy: CachePolicy,
  errorTtl: number,
): Freshness {
  if (policy.maxTtl === 0) return uncacheable('the cache policy disables caching (MaxTTL 0)');
  const said = seconds(directives, 's-maxage') ?? seconds(directives, 'max-age');
  const restricted =
    policy.minTtl === 0 && ['no-store', 'private', 'no-cache'].some((directive) => directives.has(directive));
  if (status < 500 && restricted)
    return uncacheable(`error ${String(status)} with a Cache-Control that forbids caching`);
  if (!ALWAYS_CACHED_ERRORS.has(status) && !(CACHED_WITH_MAX_AGE.has(status) && said !== undefined)) {
    return uncacheable(`error ${String(status)} is not one that CloudFront keeps`);
  }
  const ttl = Math.max(errorTtl, restricted ? 0 : Math.min(said ?? 0, policy.maxTtl));
  const reason =
    ttl === errorTtl ? `error caching minimum TTL ${String(errorTtl)} s` : `error with a lifetime of ${String(ttl)} s`;
  return { storable: ttl > 0, ttl, initialAge: 0, staleWhileRevalidate: 0, staleIfError: 0, reason };
}
