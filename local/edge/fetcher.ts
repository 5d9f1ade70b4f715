import { Readable } from 'node:stream';

import { errorAnswer, storedAnswer, type Answer } from './answer';
import type { AcceptEncoding } from './cache-key';
import { compress, isCompressible } from './compression';
import { errorTtl, type Behavior, type Distribution } from './distribution';
import { ErrorPages } from './error-pages';
import { freshnessOf, type Freshness, type OriginResponseHead } from './freshness';
import { HeaderFields } from './header-fields';
import { ageOf, readCacheTags, type ObjectCache, type StoredObject } from './object-cache';
import type { OriginClient, OriginResponse } from './origin-client';
import { OriginError } from './origin-error';
import { buildOriginRequest } from './origin-request';
import { keptHeaders } from './origin-response';
import type { CacheableRetrieval, EncodedRetrieval, Retrieval } from './retrieval';
import { SharedBody, type MemoryBudget } from './shared-body';

export interface FetcherOptions {
  readonly distribution: Distribution;
  readonly cache: ObjectCache;
  readonly origins: OriginClient;
  readonly budget: MemoryBudget;
  /** Bytes above which a response is passed on but not kept. */
  readonly maxObjectBytes: number;
  readonly now: () => number;
  readonly behaviorOf: (path: string) => Behavior;
  /** Retrieves a custom error page. */
  readonly retrieve: (retrieval: Retrieval) => Promise<Answer>;
}

const UNCOMPRESSED: AcceptEncoding = { gzip: false, brotli: false };

/** Asks the origin, and keeps what it answers where CloudFront would. */
export class Fetcher {
  private readonly errorPages: ErrorPages;

  constructor(private readonly options: FetcherOptions) {
    this.errorPages = new ErrorPages(options.distribution.errorResponses, options.retrieve, options.behaviorOf);
  }

  /** For a request that a cache may answer; `stored` is what it holds, but may not serve unasked. */
  async fetch(retrieval: CacheableRetrieval, stored: StoredObject | undefined): Promise<Answer> {
    const mark = this.options.cache.mark();
    let response: OriginResponse;
    try {
      response = await this.ask(retrieval, stored);
    } catch (error) {
      if (!(error instanceof OriginError) || retrieval.interest.lost) throw error;
      return this.answerFailure(error, retrieval, stored, mark);
    }
    if (stored !== undefined && response.status === 304) return this.revalidated(stored, response, retrieval.behavior);
    if (stored !== undefined && this.mayHide(response.status, stored)) {
      response.stream.destroy();
      return this.hide(stored, response.status, `the origin answered ${String(response.status)}`);
    }
    return this.pass(response, retrieval, mark);
  }

  /** For a request that no cache can answer: every byte comes from the origin. */
  async forward(retrieval: EncodedRetrieval, reason: string): Promise<Answer> {
    try {
      const response = await this.ask(retrieval, undefined);
      const page = await this.errorPages.find(response.status, retrieval);
      if (page !== undefined) {
        response.stream.destroy();
        return { ...page, origin: response.timing };
      }
      // CloudFront compresses only what it may cache.
      return this.stream(response, { ...retrieval, encoding: UNCOMPRESSED }, { reason, kept: false });
    } catch (error) {
      if (!(error instanceof OriginError) || retrieval.interest.lost) throw error;
      const page = await this.errorPages.find(error.status, retrieval);
      return { ...(page ?? errorAnswer(error.status, error.message, retrieval)), reason: error.message };
    }
  }

  private ask(retrieval: EncodedRetrieval, stored: StoredObject | undefined): Promise<OriginResponse> {
    const { request, behavior, encoding, requestId, interest, body } = retrieval;
    const { distribution, origins } = this.options;
    const context = {
      behavior,
      encoding,
      requestId,
      ...(stored === undefined ? {} : { validators: validatorsOf(stored) }),
    };
    return origins.request(behavior.target, {
      method: request.method,
      build: (origin) => buildOriginRequest(request, origin, context, distribution.id),
      interest,
      ...(body === undefined ? {} : { body }),
    });
  }

  /** The origin says that the stored object is still right: its headers and lifetime begin anew. */
  private revalidated(stored: StoredObject, response: OriginResponse, behavior: Behavior): Answer {
    response.stream.resume();
    const updated = [...response.headers].filter(([name]) => UPDATED_BY_304.has(name));
    for (const [name] of updated) stored.headers.delete(name);
    for (const [name, value] of updated) stored.headers.append(name, value);
    stored.freshness = this.freshness(stored, behavior);
    stored.storedAt = this.options.now();
    delete stored.retryAfter;
    if (!stored.freshness.storable) this.options.cache.delete(stored.key);
    const answer = storedAnswer(stored, 0, 'the origin confirmed the stored object (304)');
    const shared = stored.freshness.ttl > 0;
    return { ...answer, result: stored.error ? 'Error' : 'RefreshHit', shared, origin: response.timing };
  }

  private mayHide(status: number, stored: StoredObject): boolean {
    const { ttl, staleIfError } = stored.freshness;
    return status >= 500 && !stored.error && ageOf(stored, this.options.now()) - ttl < staleIfError;
  }

  /**
   * An expired object hides the origin's failure, which is asked again after the error caching minimum TTL.
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html#HTTPStatusCodes-no-custom-error-pages-in-cache
   */
  private hide(stored: StoredObject, status: number, why: string): Answer {
    const now = this.options.now();
    stored.retryAfter = now + errorTtl(this.options.distribution, status) * 1000;
    return storedAnswer(stored, ageOf(stored, now), `stale: ${why} (stale-if-error)`);
  }

  private async answerFailure(
    error: OriginError,
    retrieval: CacheableRetrieval,
    stored: StoredObject | undefined,
    mark: number,
  ): Promise<Answer> {
    if (stored !== undefined && this.mayHide(error.status, stored))
      return this.hide(stored, error.status, error.message);
    const own = errorAnswer(error.status, error.message, retrieval);
    const answer = (await this.errorPages.find(error.status, retrieval)) ?? own;
    const freshness = this.freshness({ status: error.status, headers: own.headers }, retrieval.behavior);
    if (freshness.storable && answer.body instanceof Buffer) {
      this.keep(answer, answer.body, freshness, retrieval, mark, []);
    }
    const kept = freshness.storable;
    return { ...answer, reason: error.message, key: retrieval.key.text, kept, shared: kept };
  }

  private freshness(head: OriginResponseHead, behavior: Behavior): Freshness {
    const { distribution, now } = this.options;
    return freshnessOf(head, behavior.cachePolicy, errorTtl(distribution, head.status), now());
  }

  /** A fresh response of the origin: to the viewer as it comes, and into the cache where it may. */
  private async pass(response: OriginResponse, retrieval: CacheableRetrieval, mark: number): Promise<Answer> {
    const { status, timing } = response;
    const key = retrieval.key.text;
    const freshness = this.freshness(response, retrieval.behavior);
    const page = await this.errorPages.find(status, retrieval);
    if (page !== undefined) {
      response.stream.destroy();
      if (freshness.storable) this.keep(page, page.body, freshness, retrieval, mark, []);
      return { ...page, origin: timing, key, kept: freshness.storable, shared: freshness.storable };
    }
    // A part, or an answer to one viewer's condition, is not the object.
    const kept = freshness.storable && status !== 206 && status !== 304;
    const why = status === 206 ? 'a part of the object' : freshness.reason;
    const reason = kept ? `kept for ${String(freshness.ttl)} s (${why})` : `not kept: ${why}`;
    // What has no lifetime is kept for its validators alone: no-cache, max-age=0 and s-maxage=0 end collapsing.
    const shared = kept && freshness.ttl > 0;
    const answer = this.stream(response, retrieval, { reason, key, kept, shared });
    if (kept) this.keepAtEnd(answer, freshness, retrieval, mark, this.tagsOf(response));
    return answer;
  }

  private tagsOf(response: OriginResponse): readonly string[] {
    const { cacheTagHeader } = this.options.distribution;
    return cacheTagHeader === undefined ? [] : readCacheTags(response.headers.get(cacheTagHeader));
  }

  private stream(
    response: OriginResponse,
    { behavior, request, encoding }: EncodedRetrieval,
    fate: Pick<Answer, 'reason' | 'key' | 'kept' | 'shared'>,
  ): Answer {
    const { status, statusText, timing } = response;
    const headers = keptHeaders(response.headers, behavior);
    const bodiless = request.method === 'HEAD' || status === 204 || status === 304;
    const compresses = behavior.compress && (encoding.gzip || encoding.brotli) && isCompressible(status, headers);
    if (bodiless) response.stream.resume();
    const plain = bodiless ? Readable.from([]) : response.stream;
    const source = compresses ? compress(plain, headers, encoding) : plain;
    const { maxObjectBytes: limit, budget } = this.options;
    return {
      ...fate,
      result: status >= 400 ? 'Error' : 'Miss',
      status,
      statusText,
      headers,
      body: bodiless ? undefined : new SharedBody(source, { keep: fate.kept === true, limit, budget }),
      stored: false,
      origin: timing,
    };
  }

  private keepAtEnd(
    answer: Answer,
    freshness: Freshness,
    retrieval: CacheableRetrieval,
    mark: number,
    tags: readonly string[],
  ): void {
    if (!(answer.body instanceof SharedBody)) {
      this.keep(answer, Buffer.alloc(0), freshness, retrieval, mark, tags);
      return;
    }
    void answer.body.whole.then((whole) => {
      if (whole !== undefined) this.keep(answer, whole, freshness, retrieval, mark, tags);
    });
  }

  private keep(
    { status, statusText, headers, result }: Answer,
    body: Buffer,
    freshness: Freshness,
    { key, request }: CacheableRetrieval,
    mark: number,
    tags: readonly string[],
  ): void {
    const object: StoredObject = {
      key: request.method === 'HEAD' ? `HEAD ${key.text}` : key.text,
      url: key.url,
      status,
      statusText,
      headers: headers.copy().delete('age'),
      body,
      tags,
      error: result === 'Error',
      freshness,
      storedAt: this.options.now(),
    };
    this.options.cache.put(object, mark);
  }
}

/** Headers of a 304 that replace those of the stored object. */
const UPDATED_BY_304 = new Set(['age', 'cache-control', 'date', 'expires', 'last-modified', 'set-cookie', 'vary']);

/** What the origin is asked with whether the object is still right. */
function validatorsOf({ headers }: StoredObject): HeaderFields {
  const validators = new HeaderFields();
  const etag = headers.get('etag');
  const lastModified = headers.get('last-modified');
  // "Vary: *": the origin is asked without conditions, and sends the object each time.
  if (headers.get('vary')?.trim() === '*') return validators;
  if (etag !== undefined) validators.append('if-none-match', etag);
  if (lastModified !== undefined) validators.append('if-modified-since', lastModified);
  return validators;
}
