import { LRUCache } from 'lru-cache';

import type { Freshness } from './freshness';
import type { HeaderFields } from './header-fields';

/** A response that the edge keeps. */
export interface StoredObject {
  readonly key: string;
  /** Path with the keyed queries; invalidations by path name it. */
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: HeaderFields;
  readonly body: Buffer;
  readonly tags: readonly string[];
  /** True of errors, and of the pages that stand for them. */
  readonly error: boolean;
  freshness: Freshness;
  /** Milliseconds since the epoch. */
  storedAt: number;
  /** While the origin fails, it is not asked again before this time. */
  retryAfter?: number;
}

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-access-logs.html */
const MAX_TAGS = 50;
const MAX_TAG_LENGTH = 256;

/** Objects and map entries that a stored object costs beside its bytes. */
const OVERHEAD = 1_024;

/** Invalidations that are compared with responses which were on their way when they came. */
const REMEMBERED_INVALIDATIONS = 10_000;

/** Objects that were invalidated are remembered, for the request that misses them. */
const REMEMBERED_DEPARTURES = 10_000;

type Invalidation = (object: Pick<StoredObject, 'url' | 'tags'>) => boolean;

/** Why an object left the cache before its time. */
export interface Departure {
  /** The invalidation's item: `/path`, `/prefix*` or `#tag`. */
  readonly item: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The cache of one edge location: bounded in bytes, least recently used first, indexed by tag. */
export class ObjectCache {
  private readonly objects: LRUCache<string, StoredObject>;
  private readonly keysByTag = new Map<string, Set<string>>();
  private readonly invalidations: { readonly number: number; readonly matches: Invalidation }[] = [];
  private readonly departures = new LRUCache<string, Departure>({ max: REMEMBERED_DEPARTURES });
  private invalidationCount = 0;

  constructor(
    maxBytes: number,
    private readonly now: () => number = Date.now,
  ) {
    this.objects = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: (object) => object.body.length + object.headers.size + 2 * object.key.length + OVERHEAD,
      dispose: (object) => {
        this.unindex(object);
      },
    });
  }

  get size(): number {
    return this.objects.calculatedSize;
  }

  get count(): number {
    return this.objects.size;
  }

  get(key: string): StoredObject | undefined {
    return this.objects.get(key);
  }

  /** The invalidation that ended what was here last; undefined when none did. */
  departureOf(key: string): Departure | undefined {
    return this.departures.get(key);
  }

  /** A mark of this moment; what is fetched from now on is compared with invalidations that come after it. */
  mark(): number {
    return this.invalidationCount;
  }

  /** Keeps the object, unless an invalidation that came after the mark means it. */
  put(object: StoredObject, mark: number): boolean {
    if (this.isInvalidated(object, mark)) return false;
    this.objects.set(object.key, object);
    this.departures.delete(object.key);
    if (!this.objects.has(object.key)) return false;
    for (const tag of object.tags) {
      const keys = this.keysByTag.get(tag);
      if (keys === undefined) this.keysByTag.set(tag, new Set([object.key]));
      else keys.add(object.key);
    }
    return true;
  }

  /**
   * Ends objects early: `/path`, `/prefix*` or `#tag`. All variants of a path go, whatever headers or cookies they are keyed with; queries
   * are part of the path. Answers how many objects went.
   */
  invalidate(items: readonly string[]): number {
    return items.reduce((sum, item) => sum + this.invalidateOne(item), 0);
  }

  delete(key: string): void {
    this.objects.delete(key);
  }

  clear(): void {
    this.objects.clear();
  }

  private invalidateOne(item: string): number {
    const tag = item.startsWith('#') ? item.slice(1).toLowerCase() : undefined;
    const matches: Invalidation = tag === undefined ? urlMatcher(item) : (object) => object.tags.includes(tag);
    this.remember(matches);
    const keys = tag === undefined ? this.objects.keys() : (this.keysByTag.get(tag) ?? []);
    let count = 0;
    for (const key of [...keys]) {
      const object = this.objects.peek(key);
      if (object === undefined || !matches(object)) continue;
      this.objects.delete(key);
      this.departures.set(key, { item, at: this.now() });
      count += 1;
    }
    return count;
  }

  private remember(matches: Invalidation): void {
    this.invalidationCount += 1;
    this.invalidations.push({ number: this.invalidationCount, matches });
    if (this.invalidations.length > REMEMBERED_INVALIDATIONS) this.invalidations.shift();
  }

  private isInvalidated(object: StoredObject, mark: number): boolean {
    if (mark === this.invalidationCount) return false;
    return this.invalidations.some(({ number, matches }) => number > mark && matches(object));
  }

  private unindex(object: StoredObject): void {
    for (const tag of object.tags) {
      const keys = this.keysByTag.get(tag);
      if (keys === undefined) continue;
      keys.delete(object.key);
      if (keys.size === 0) this.keysByTag.delete(tag);
    }
  }
}

function urlMatcher(item: string): Invalidation {
  const path = item.startsWith('/') ? item : `/${item}`;
  if (!path.endsWith('*')) return ({ url }) => url === path;
  const prefix = path.slice(0, -1);
  return ({ url }) => url.startsWith(prefix);
}

/** A response's cache tags: lower case, at most 50 of at most 256 characters; what is beyond is dropped without a word. */
export function readCacheTags(header: string | undefined): readonly string[] {
  if (header === undefined) return [];
  const tags = header
    .split(',')
    .map((tag) => tag.trim().toLowerCase())
    .filter((tag) => tag !== '' && tag.length <= MAX_TAG_LENGTH && /^[\x21-\x7e]+$/.test(tag));
  return [...new Set(tags)].slice(0, MAX_TAGS);
}

/** Seconds since the origin made the response. */
export function ageOf(object: StoredObject, now: number): number {
  return object.freshness.initialAge + Math.max(0, (now - object.storedAt) / 1000);
}
