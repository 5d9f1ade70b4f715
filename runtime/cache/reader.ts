import type { Counters } from '../counters';
import type { EntryStore } from '../stores/entry-store';
import type { TagStore } from '../stores/tag-store';
import type { Assessment, Assessor } from './assessor';
import { sleep, type Clock } from './clock';
import { compareEntries, type CacheControl, type EntryGroup } from './entry';
import { decodeEntry } from './entry-codec';
import type { Leases } from './lease';
import type { HeldEntry, MemoryLayer } from './memory-layer';
import type { Mirror } from './mirror';
import type { RequestState } from './request-state';
import type { TagIndex } from './tag-index';

/** What a reader wants, and what it may cause. */
export interface Lookup {
  readonly group: EntryGroup;
  readonly key: string;
  readonly objectKey: string;
  /** Tags of the reader that the entry need not carry. */
  readonly softTags: readonly string[];
  /**
   * What follows from a stale entry. `leased`: Next regenerates it, one replica at a time. `always`: the reader refreshes it itself.
   * `never`: nothing, as with prefetches, which must not hold off the regeneration that an ordinary request brings.
   */
  readonly regeneration: 'leased' | 'always' | 'never';
  /** How long the reader lets the entry last, where that is not the entry's own word. */
  readonly lifetime?: CacheControl | undefined;
  /** Reads the build output. */
  readonly seed?: (() => Promise<HeldEntry | undefined>) | undefined;
}

/** What was found. `retained` is an old entry that somebody else is renewing, or that could not be renewed just now. */
export interface Found {
  readonly held: HeldEntry;
  readonly freshness: Assessment['freshness'] | 'retained';
  /** One of its tags was revalidated after generation began, or may have been: the table did not say. */
  readonly moved: boolean;
}

export interface ReaderParts {
  readonly memory: MemoryLayer;
  readonly store: EntryStore;
  readonly tags: TagStore;
  readonly mirror: Mirror;
  readonly index: TagIndex;
  readonly assessor: Assessor;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Milliseconds that one read of a store may take. */
  readonly timeout: number;
  /** Milliseconds that a request for an expired entry waits for the replica that regenerates it. */
  readonly leaseWait: number;
  /** A request gave up waiting for a service. */
  readonly onGaveUp: (service: 's3' | 'dynamodb') => void;
}

/** How long a replica that did not get the lease serves the old entry before it looks again. */
const RETAINED_FOR = 1000;
const HIT = { memory: 'hit.memory', build: 'hit.build', store: 'hit.store' } as const;
const FIRST_POLL = 50;
const LONGEST_POLL = 400;

/** The read path: memory, build output, store; the store only when the layers before it have nothing that may be served. */
export class Reader {
  private readonly fetching = new Map<string, Promise<HeldEntry | 'failed' | undefined>>();

  constructor(private readonly parts: ReaderParts) {}

  /** Brings the view of the tags up to date for a request, as far as its budget allows. */
  async refresh(state: RequestState, asOf = state.asOf): Promise<void> {
    if (this.parts.mirror.covers(asOf)) return;
    await this.within(state, 'dynamodb', this.parts.mirror.ensure(asOf));
  }

  async look(lookup: Lookup, state: RequestState): Promise<Found | undefined> {
    const hot = this.hot(lookup, state);
    if (hot !== undefined) return hot;
    await this.refresh(state);
    let held = this.parts.memory.get(lookup.objectKey);
    if (held === undefined && lookup.seed !== undefined) held = await this.seed(lookup, lookup.seed);
    if (held !== undefined) {
      const found = await this.found(lookup, held, state);
      if (found.freshness === 'fresh' || found.freshness === 'retained') return this.count(found, layerOf(held));
    }
    held = await this.ask(lookup, held, state);
    if (held === undefined) {
      this.parts.counters.count('miss');
      return undefined;
    }
    const found = await this.found(lookup, held, state);
    if (found.freshness === 'fresh') return this.count(found, 'store');
    return this.outdated(lookup, found, state);
  }

  /** The entry as the store has it now, whatever memory has; undefined when it has none or does not answer. */
  async fetchStored(lookup: Lookup, held: HeldEntry | undefined, state: RequestState): Promise<HeldEntry | undefined> {
    const answer = await this.within(state, 's3', this.fetchOnce(lookup, held));
    if (answer === undefined || answer.result === 'failed') {
      state.degrade(lookup.key);
      return undefined;
    }
    return answer.result;
  }

  /** The hot path: in memory, judged by rows that are known, fresh; nothing to wait for. */
  private hot(lookup: Lookup, state: RequestState): Found | undefined {
    if (!this.parts.mirror.covers(state.asOf)) return undefined;
    this.parts.mirror.readAhead();
    const held = this.parts.memory.get(lookup.objectKey);
    if (held === undefined) return undefined;
    if (this.parts.index.unknown(tagsFor(lookup, held), held.entry.stamp).length > 0) return undefined;
    const found = this.judge(lookup, held);
    return found.freshness === 'fresh' ? this.count(found, layerOf(held)) : undefined;
  }

  private async seed(lookup: Lookup, read: () => Promise<HeldEntry | undefined>): Promise<HeldEntry | undefined> {
    const seeded = await read();
    if (seeded !== undefined) this.parts.memory.set(lookup.objectKey, seeded);
    return seeded;
  }

  private async found(lookup: Lookup, held: HeldEntry, state: RequestState): Promise<Found> {
    const tags = tagsFor(lookup, held);
    const { index, mirror } = this.parts;
    if (mirror.loaded && index.unknown(tags, held.entry.stamp).length > 0) {
      // All of them, for those that are known may have gone when the answer comes; then judged in the same turn, before any can go.
      const answer = await this.within(state, 'dynamodb', this.parts.tags.rowsOf(tags, this.parts.timeout));
      if (answer === undefined) return { ...this.judge(lookup, held), moved: true };
      index.remember(tags, answer.result);
    }
    return this.judge(lookup, held);
  }

  private judge(lookup: Lookup, held: HeldEntry): Found {
    const { freshness, moved } = this.parts.assessor.assess(held, lookup.softTags, lookup.lifetime);
    const retained = freshness === 'stale' && lookup.regeneration === 'leased' && this.isRetained(lookup, held);
    return { held, freshness: retained ? 'retained' : freshness, moved };
  }

  private isRetained(lookup: Lookup, held: HeldEntry): boolean {
    return held.heldUntil > this.parts.clock.monotonic() || this.parts.leases.holds(lookup.objectKey);
  }

  /** What the store has, where it is newer than what is held. */
  private async ask(lookup: Lookup, held: HeldEntry | undefined, state: RequestState): Promise<HeldEntry | undefined> {
    const stored = await this.fetchStored(lookup, held, state);
    if (stored === undefined) return this.parts.memory.get(lookup.objectKey) ?? held;
    // Memory may have been written while the store was asked.
    const latest = this.parts.memory.get(lookup.objectKey) ?? held;
    if (latest !== undefined && latest.source !== 'build' && compareEntries(latest.entry, stored.entry) > 0) {
      const renewed = { ...latest, etag: stored.etag };
      this.parts.memory.set(lookup.objectKey, renewed);
      return renewed;
    }
    this.parts.memory.set(lookup.objectKey, stored);
    return stored;
  }

  private async outdated(lookup: Lookup, found: Found, state: RequestState): Promise<Found> {
    this.parts.counters.count(found.freshness === 'expired' ? 'expired' : 'stale');
    if (lookup.regeneration !== 'leased') return found;
    // A request with the lease regenerates; one whose store did not answer cannot know whether there is something to wait for.
    if (await this.parts.leases.take(lookup.objectKey, state)) {
      this.parts.counters.count('regeneration');
      return found;
    }
    if (found.freshness === 'expired') return this.awaitHolder(lookup, found, state);
    found.held.heldUntil = this.parts.clock.monotonic() + RETAINED_FOR;
    return { ...found, freshness: 'retained' };
  }

  /** An expired entry may not be served; its successor is on the way, so it is looked for until the wait's own bound. */
  private async awaitHolder(lookup: Lookup, found: Found, state: RequestState): Promise<Found> {
    const until = this.parts.clock.monotonic() + this.parts.leaseWait;
    this.parts.counters.count('lease.waited');
    for (let pause = FIRST_POLL; this.parts.clock.monotonic() < until; pause = Math.min(pause * 1.5, LONGEST_POLL)) {
      await sleep(this.parts.clock, pause);
      const answer = await this.fetchOnce(lookup, found.held);
      if (answer === 'failed') break;
      const latest = this.parts.memory.get(lookup.objectKey);
      for (const held of [answer, latest]) {
        if (held === undefined || held === found.held) continue;
        const renewed = await this.found(lookup, held, state);
        if (renewed.freshness === 'expired') continue;
        this.parts.memory.set(lookup.objectKey, held);
        return renewed.freshness === 'fresh' ? this.count(renewed, 'store') : { ...renewed, freshness: 'retained' };
      }
    }
    this.parts.counters.count('regeneration');
    return found;
  }

  /** One read for all who want the same object at the same time. */
  private fetchOnce(lookup: Lookup, held: HeldEntry | undefined): Promise<HeldEntry | 'failed' | undefined> {
    const joined = this.fetching.get(lookup.objectKey);
    if (joined !== undefined) return joined;
    const fetching = this.fetch(lookup, held).finally(() => this.fetching.delete(lookup.objectKey));
    this.fetching.set(lookup.objectKey, fetching);
    return fetching;
  }

  private async fetch(lookup: Lookup, held: HeldEntry | undefined): Promise<HeldEntry | 'failed' | undefined> {
    try {
      const stored = await this.parts.store.get(lookup.objectKey, this.parts.timeout, held?.etag);
      if (stored === undefined) return undefined;
      if (stored === 'unchanged') return held;
      this.parts.counters.count('bytes.read', stored.body.length);
      const entry = await decodeEntry(stored.body, lookup.group, lookup.key);
      if (entry !== undefined) return { entry, etag: stored.etag, source: 'store', heldUntil: 0 };
      this.parts.counters.count('entry.undecodable');
      return undefined;
    } catch {
      return 'failed';
    }
  }

  /** The result within the request's budget; undefined when the store failed or the budget ran out. */
  private async within<Result>(
    state: RequestState,
    service: 's3' | 'dynamodb',
    work: Promise<Result>,
  ): Promise<{ readonly result: Result } | undefined> {
    const hadBudget = state.budget.remaining > 0;
    try {
      return { result: await state.budget.wait(work) };
    } catch {
      if (state.budget.remaining > 0) return undefined;
      this.parts.counters.count('budget.exhausted');
      if (hadBudget) this.parts.onGaveUp(service);
      return undefined;
    }
  }

  private count(found: Found, layer: 'memory' | 'build' | 'store'): Found {
    this.parts.counters.count(HIT[layer]);
    if (found.freshness !== 'fresh') this.parts.counters.count('retained');
    return found;
  }
}

/** All tags by which the reader judges an entry. */
function tagsFor({ softTags }: Lookup, { entry }: HeldEntry): readonly string[] {
  return softTags.length === 0 ? entry.tags : [...entry.tags, ...softTags];
}

function layerOf(held: HeldEntry): 'memory' | 'build' {
  return held.source === 'build' ? 'build' : 'memory';
}
