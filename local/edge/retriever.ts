import { storedAnswer, type Answer } from './answer';
import { cacheKeyOf, normalizeAcceptEncoding } from './cache-key';
import type { Behavior } from './distribution';
import { Fetcher, type FetcherOptions } from './fetcher';
import { Flights } from './flights';
import type { HeaderFields } from './header-fields';
import { Interest } from './interest';
import { ageOf, type StoredObject } from './object-cache';
import { forwardsCookies } from './origin-request';
import type { CacheableRetrieval, Retrieval } from './retrieval';
import { readToEnd, SharedBody } from './shared-body';
import type { ViewerRequest } from './viewer-request';

export interface RetrieverOptions extends Omit<FetcherOptions, 'retrieve'> {
  /** Picks the behaviour of a custom error page's path. */
  readonly behaviorOf: (path: string) => Behavior;
}

/** Answers requests from the cache where CloudFront would, and else from the origin. */
export class Retriever {
  private readonly fetcher: Fetcher;
  private readonly flights = new Flights();
  private readonly refreshing = new Set<string>();

  constructor(private readonly options: RetrieverOptions) {
    this.fetcher = new Fetcher({ ...options, retrieve: (retrieval) => this.retrieve(retrieval) });
  }

  async retrieve(retrieval: Retrieval): Promise<Answer> {
    const { request, behavior } = retrieval;
    const { cachePolicy } = behavior;
    const encoding = normalizeAcceptEncoding(
      request.headers.get('accept-encoding'),
      request.viewer.httpVersion,
      cachePolicy,
    );
    const why = uncacheableReason(request, behavior);
    if (why !== undefined) return this.fetcher.forward({ ...retrieval, encoding }, why);
    const cacheable = { ...retrieval, encoding, key: cacheKeyOf(request, cachePolicy, encoding) };
    const stored = this.lookUp(cacheable);
    const hit = stored === undefined ? undefined : this.serveStored(stored, cacheable);
    if (hit !== undefined) return hit;
    const absence = this.describeAbsence(stored, cacheable.key.text);
    return { ...(await this.fetchOrJoin(cacheable, stored)), absence };
  }

  /** Why the cache cannot answer, in words for the request log. */
  private describeAbsence(stored: StoredObject | undefined, key: string): string {
    const now = this.options.now();
    if (stored !== undefined) {
      const { ttl, reason } = stored.freshness;
      return `expired ${seconds(ageOf(stored, now) - ttl)} ago (${reason})`;
    }
    const departure = this.options.cache.departureOf(key);
    if (departure === undefined) return 'not in the cache';
    return `invalidated ${seconds((now - departure.at) / 1000)} ago by ${departure.item}`;
  }

  private lookUp({ request, key }: CacheableRetrieval): StoredObject | undefined {
    const { cache } = this.options;
    return cache.get(key.text) ?? (request.method === 'HEAD' ? cache.get(`HEAD ${key.text}`) : undefined);
  }

  /** From the cache while fresh, and while stale where that is allowed. */
  private serveStored(stored: StoredObject, retrieval: CacheableRetrieval): Answer | undefined {
    const now = this.options.now();
    const { ttl, staleWhileRevalidate, reason } = stored.freshness;
    const age = ageOf(stored, now);
    const left = ttl - age;
    if (left > 0) return storedAnswer(stored, age, `fresh for ${seconds(left)} more (${reason})`);
    if (stored.retryAfter !== undefined && now < stored.retryAfter) {
      return storedAnswer(stored, age, `stale for ${seconds(-left)}: the origin failed and is left alone for a while`);
    }
    if (-left >= staleWhileRevalidate) return undefined;
    this.refresh(stored, retrieval);
    const window = `stale-while-revalidate=${String(staleWhileRevalidate)}`;
    return storedAnswer(stored, age, `stale for ${seconds(-left)}, refreshed behind (${window})`);
  }

  /** One refresh a key at a time; no viewer waits for it, and none can end it. */
  private refresh(stored: StoredObject, retrieval: CacheableRetrieval): void {
    const { key } = stored;
    if (this.refreshing.has(key)) return;
    this.refreshing.add(key);
    const method = retrieval.request.method === 'HEAD' && !key.startsWith('HEAD ') ? 'GET' : retrieval.request.method;
    this.fetcher
      .fetch({ ...retrieval, request: { ...retrieval.request, method }, interest: new Interest() }, stored)
      .then(async ({ body, kept }) => {
        if (!(body instanceof SharedBody)) return;
        if (kept === true) await readToEnd(body);
        else body.abandon();
      })
      .catch(() => undefined)
      .finally(() => this.refreshing.delete(key));
  }

  /** Collapses, but where cookies are forwarded, and where the answer depends on a condition or range of one viewer. */
  private async fetchOrJoin(retrieval: CacheableRetrieval, stored: StoredObject | undefined): Promise<Answer> {
    const { request, behavior, key } = retrieval;
    const collapses = !forwardsCookies(behavior) && !isConditional(request.headers) && request.method !== 'OPTIONS';
    if (!collapses) return this.fetcher.fetch(retrieval, stored);
    const fetch = (interest: Interest): Promise<Answer> => this.fetcher.fetch({ ...retrieval, interest }, stored);
    const answer = await this.flights.join(`${request.method} ${key.text}`, retrieval.interest, fetch);
    return answer ?? this.fetcher.fetch(retrieval, this.lookUp(retrieval));
  }
}

function uncacheableReason({ method }: ViewerRequest, { cachedMethods, cachePolicy }: Behavior): string | undefined {
  if (!cachedMethods.has(method)) return `not kept: ${method} is not a cached method`;
  return cachePolicy.maxTtl === 0 ? `not kept: ${cachePolicy.name} disables caching` : undefined;
}

const CONDITIONS = ['range', 'if-none-match', 'if-modified-since', 'if-match', 'if-unmodified-since'];

function isConditional(headers: HeaderFields): boolean {
  return CONDITIONS.some((name) => headers.has(name));
}

function seconds(value: number): string {
  return `${String(Math.round(value * 10) / 10)} s`;
}
