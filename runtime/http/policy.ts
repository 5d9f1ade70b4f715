import { type CacheControl, isShared, parseCacheControl, sharedLifetime } from './cache-control';
import { edgeTagsOf } from './cache-tags';

/** What the policy knows about one answer when its headers are about to be written. */
export interface Answer {
  readonly method: string;
  readonly status: number;
  /** The answer's own Cache-Control. */
  readonly cacheControl: string | undefined;
  /** Next's `x-nextjs-cache`, in capitals: present where the answer comes from (or went into) Next's response cache. */
  readonly nextCache: string | undefined;
  readonly setsCookie: boolean;
  /** The request carried `Authorization`. */
  readonly authorized: boolean;
  /** The request carried a cookie of draft or preview mode, valid or not. */
  readonly draft: boolean;
  /** The app's proxy (middleware) runs for the path, and its decision is not the edge's to remember. */
  readonly proxied: boolean;
  /** The answer is an optimized image, which no tag invalidates. */
  readonly image: boolean;
  readonly evidence: Evidence;
}

/** What the cache handler's verdicts prove about an answer. */
export interface Evidence {
  /**
   * `current`: every entry in the answer is fresh, the mirror is current, and no tag has moved since generation began.
   * `outdated`: at least one of that does not hold. `none`: the handler was not asked in this request's name.
   */
  readonly standing: 'current' | 'outdated' | 'none';
  readonly tags: readonly string[];
}

export interface PolicyOptions {
  /** Fingerprint of the build that answers. */
  readonly namespace: string;
  /** How long a shared cache may keep a 404 for which the app itself named no lifetime, in seconds. */
  readonly notFoundMaxAge: number;
}

/** The headers that leave in place of the answer's own. */
export interface Decision {
  /** `undefined` leaves Cache-Control as it is. */
  readonly cacheControl?: string;
  /** Tags for CloudFront; empty where nothing is kept there. */
  readonly cacheTags: readonly string[];
}

/** Next's own header of dynamic pages. */
export const NEVER_STORED = 'private, no-cache, no-store, max-age=0, must-revalidate';
/** For one second: enough to take a burst off the server, too short for anything old to settle. */
export const CAPPED = 's-maxage=1';
const PARTIAL_CONTENT = 206;

/** Decides what may be kept of an answer, and where. Every rule is described in docs/responses.md. */
export function decide(answer: Answer, options: PolicyOptions): Decision {
  if (answer.cacheControl === undefined) return { ...withoutCacheControl(answer), cacheTags: [] };
  const own = parseCacheControl(answer.cacheControl);
  if (!isShared(own)) return { cacheTags: [] };
  const withdrawn = withdraw(answer, own);
  if (withdrawn !== undefined) return { cacheControl: withdrawn, cacheTags: [] };
  const cacheTags = own.immutable || answer.image ? [] : edgeTagsOf(answer.evidence.tags, options.namespace);
  const bounded = bound(answer, own, options);
  return bounded === undefined ? { cacheTags } : { cacheControl: bounded, cacheTags };
}

/**
 * Without Cache-Control CloudFront stores nothing, but still gives one answer to all who ask at the same moment, unless it says that
 * it is private.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-traffic-spikes
 */
function withoutCacheControl({ method, status, setsCookie }: Answer): Pick<Decision, 'cacheControl'> {
  if (!isSafe(method)) return {};
  if (status >= 500) return { cacheControl: NEVER_STORED };
  // Not no-cache: browsers may remember a permanent redirect, as they do without the header.
  if (isRedirect(status) && !setsCookie) return { cacheControl: 'private' };
  return { cacheControl: 'private, no-cache' };
}

/** The header of an answer that is for one viewer only; `undefined` where it may be shared. */
function withdraw(answer: Answer, own: CacheControl): string | undefined {
  const { method, status, draft, setsCookie, authorized, proxied } = answer;
  if (!isSafe(method) || draft || status === PARTIAL_CONTENT) return NEVER_STORED;
  if (setsCookie || proxied || (authorized && !own.public)) return forBrowserOnly(own);
  return undefined;
}

/** Keeps the browser's part of a lifetime, where the app gave it one. */
function forBrowserOnly({ maxAge }: CacheControl): string {
  return maxAge === undefined ? NEVER_STORED : `private, max-age=${maxAge}`;
}

/** A shorter lifetime than the answer's own; `undefined` where it may keep its own. */
function bound(answer: Answer, own: CacheControl, options: PolicyOptions): string | undefined {
  const { status, nextCache, image, evidence } = answer;
  if (evidence.standing === 'outdated' || nextCache === 'STALE') return CAPPED;
  const fromNext = nextCache !== undefined;
  if (fromNext && !image && (evidence.standing !== 'current' || !isWhole(status))) return CAPPED;
  if (status >= 500 || (status >= 400 && (fromNext || !isNotFound(status))))
    return boundTo(options.notFoundMaxAge, own);
  return undefined;
}

function boundTo(most: number, own: CacheControl): string | undefined {
  if (sharedLifetime(own) + own.staleFor <= most) return undefined;
  const lifetime = Math.min(most, sharedLifetime(own));
  return lifetime === 0 ? NEVER_STORED : `s-maxage=${lifetime}`;
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Whether an entry of Next's cache may have this status. An empty one (204) in a page's place was a way to poison caches. */
function isWhole(status: number): boolean {
  return status === 200 || status === 304 || isRedirect(status) || isNotFound(status);
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function isNotFound(status: number): boolean {
  return status === 404 || status === 410;
}
