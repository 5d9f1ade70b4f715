import type { Counters } from '../counters';
import type { Log } from '../log';
import type { Assessor } from './assessor';
import type { Clock, TableClock } from './clock';
import type { EntryKeys } from './entry-key';
import type { Keeper } from './keeper';
import type { Lookup, Reader } from './reader';
import type { Generations, RequestState, RequestStates } from './request-state';
import { revalidateOrFail } from './singular-handler';
import type { TagWriter } from './tag-writer';

/** Next's `CacheEntry` of 'use cache'; `timestamp` in milliseconds, the rest in seconds. */
export interface UseCacheEntry {
  readonly value: ReadableStream<Uint8Array>;
  readonly tags: string[];
  readonly stale: number;
  readonly timestamp: number;
  readonly expire: number;
  readonly revalidate: number;
}

export interface PluralParts {
  readonly states: RequestStates;
  readonly reader: Reader;
  readonly keeper: Keeper;
  readonly generations: Generations;
  readonly assessor: Assessor;
  readonly tagWriter: TagWriter;
  readonly keys: EntryKeys;
  readonly clock: Clock;
  readonly tableClock: TableClock;
  readonly counters: Counters;
  readonly log: Log;
}

interface Stored {
  readonly kind: string;
  readonly body: Buffer;
  readonly stale: number;
  readonly expire: number;
  readonly revalidate: number;
}

/**
 * Next's plural cache handler: `'use cache'` data, of whatever kind of handler an app names. Tags are judged in `get`, soft tags
 * included; one object serves as `default` and as `remote`.
 */
export class PluralHandler {
  private readonly pending = new Map<string, Promise<void>>();
  private readonly readers = new SoftTagsOfReaders();

  constructor(private readonly parts: PluralParts) {}

  /** Never throws: Next would have sent the shell already. */
  readonly get = async (cacheKey: string, softTags: readonly string[] = []): Promise<UseCacheEntry | undefined> => {
    try {
      // A reader that comes while the entry is being written waits for it, as with Next's own handler.
      await this.pending.get(cacheKey);
      return await this.look(cacheKey, softTags);
    } catch (error) {
      this.parts.log.error('cache.getFailed', { error });
      return undefined;
    }
  };

  readonly set = (cacheKey: string, pendingEntry: Promise<UseCacheEntry>): Promise<void> => {
    const previous = this.pending.get(cacheKey);
    const state = this.state();
    const keeping = this.keep(cacheKey, pendingEntry, state)
      .catch((error: unknown) => {
        // The generation failed, or its stream broke off: there is nothing to keep.
        this.parts.log.debug('cache.setFailed', { error });
      })
      .then(() => previous)
      .finally(() => {
        if (this.pending.get(cacheKey) === keeping) this.pending.delete(cacheKey);
      });
    this.pending.set(cacheKey, keeping);
    return keeping;
  };

  /** Next calls this once a request before its first read. */
  readonly refreshTags = async (): Promise<void> => {
    await this.parts.reader.refresh(this.state());
  };

  /** Soft tags are judged in `get`, by versions rather than by a time: Infinity says so. */
  readonly getExpiration = (): Promise<number> => Promise.resolve(Number.POSITIVE_INFINITY);

  readonly updateTags = async (tags: readonly string[], durations?: { readonly expire?: number }): Promise<void> => {
    await revalidateOrFail(this.parts, this.state(), tags, durations);
  };

  /** `updateTags` as 15.5 calls it. */
  readonly expireTags = async (...tags: readonly string[]): Promise<void> => {
    await this.updateTags(tags.flat());
  };

  /** Tags that a platform says were expired elsewhere (15.5): the mirror knows them. */
  readonly receiveExpiredTags = async (): Promise<void> => {
    await this.refreshTags();
  };

  /** Resolves when no entry is being taken in any more. */
  async flush(): Promise<void> {
    await Promise.all(this.pending.values());
  }

  private async look(cacheKey: string, softTags: readonly string[]): Promise<UseCacheEntry | undefined> {
    const { reader, keys, assessor, tableClock, clock, generations } = this.parts;
    const state = this.state();
    state.beginJoinable();
    const objectKey = keys.objectKey('use-cache', cacheKey);
    const lookup: Lookup = { group: 'use-cache', key: cacheKey, objectKey, softTags, regeneration: 'always' };
    const found = await reader.look(lookup, state);
    if (found?.freshness !== 'fresh') this.readers.add(cacheKey, softTags);
    if (found === undefined || found.freshness === 'expired') return undefined;
    const { entry } = found.held;
    const stored = entry.value as unknown as Stored | null;
    if (stored?.kind !== 'USE_CACHE') return undefined;
    if (found.moved) state.use(entry, softTags);
    // What is stale says so itself, to those who joined as well.
    if (found.moved && found.freshness === 'fresh') generations.addUnproved(entry);
    state.context?.verdicts.push(assessor.verdictOf(entry, found.freshness === 'fresh'));
    const timestamp = tableClock.toLocal(entry.lastModified);
    const overdue = clock.now() > timestamp + stored.revalidate * 1000;
    return {
      value: streamOf(stored.body),
      tags: [...entry.tags],
      stale: stored.stale,
      timestamp,
      expire: stored.expire,
      // A stale tag: Next serves the entry and generates it anew. A passed period it sees by itself.
      revalidate: found.freshness === 'stale' && !overdue ? -1 : stored.revalidate,
    };
  }

  private async keep(cacheKey: string, pendingEntry: Promise<UseCacheEntry>, state: RequestState): Promise<void> {
    const { keeper, keys, clock, generations } = this.parts;
    const made = await pendingEntry;
    // Next generates such an entry on every read.
    if (made.expire === 0) {
      await made.value.cancel();
      return;
    }
    // When rendering began, not when it is stored: an invalidation during the render would be lost.
    const startedAt = clock.monotonic() - (clock.now() - made.timestamp);
    const { stale, expire, revalidate, tags, timestamp } = made;
    const generated = {
      group: 'use-cache' as const,
      key: cacheKey,
      objectKey: keys.objectKey('use-cache', cacheKey),
      value: null,
      tags,
      softTags: this.readers.take(cacheKey),
      cacheControl: { revalidate, expire },
      startedAt,
      madeAt: timestamp,
    };
    state.renew(cacheKey);
    const stamped = keeper.entryOf(generated, state);
    // Known before the body is read: pages that joined this generation are about to be set.
    generations.add(stamped, startedAt);
    const body = await bufferOf(made.value);
    const value = { kind: 'USE_CACHE', body, stale, expire, revalidate } satisfies Stored;
    keeper.keep(generated.objectKey, { ...stamped, value });
  }

  private state(): RequestState {
    return this.parts.states.current(() => this.parts.states.detached());
  }
}

/** Generations that may be under way at once; beyond that the horizon judges. */
const READERS_KEPT = 10_000;

/**
 * The soft tags under which data is being generated. Kept by key and not by request: Next generates for all who join.
 */
class SoftTagsOfReaders {
  private readonly tags = new Map<string, Set<string>>();

  add(cacheKey: string, softTags: readonly string[]): void {
    const known = this.tags.get(cacheKey) ?? new Set<string>();
    for (const tag of softTags) known.add(tag);
    this.tags.delete(cacheKey);
    this.tags.set(cacheKey, known);
    if (this.tags.size <= READERS_KEPT) return;
    const oldest = this.tags.keys().next();
    if (oldest.done !== true) this.tags.delete(oldest.value);
  }

  take(cacheKey: string): readonly string[] {
    const taken = this.tags.get(cacheKey);
    this.tags.delete(cacheKey);
    return taken === undefined ? [] : [...taken];
  }
}

async function bufferOf(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) chunks.push(chunk.value);
  return Buffer.concat(chunks);
}

function streamOf(body: Buffer): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      // A copy: consumers may transfer what they read.
      controller.enqueue(new Uint8Array(body));
      controller.close();
    },
  });
}
