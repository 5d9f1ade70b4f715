import { LRUCache } from 'lru-cache';

import { sizeOf, type CacheValue, type Entry } from './entry';
import type { TagState } from './tag-index';
import type { Verdict } from './verdict';

/** A value with its verdict, made once rather than for every hit. */
export interface PresentedValue {
  readonly verdict: Verdict;
  readonly value: CacheValue | null;
}

/** An entry in memory and what this replica knows of it. */
export interface HeldEntry {
  readonly entry: Entry;
  /** The stored object that it is, or that it was made to replace. */
  readonly etag: string | undefined;
  /** Where it came from. A `local` one is not (yet) in the store. */
  readonly source: 'build' | 'store' | 'local';
  /** Until when (monotonic) a stale or expired entry is served without asking anybody again: it is being regenerated, or that failed. */
  heldUntil: number;
  /** The last judgement of its tags and the index's revision that it was made at. */
  judged?: { readonly revision: number; readonly state: TagState };
  /** The value as it is handed to Next while it is fresh, and while it is not. */
  fresh?: PresentedValue;
  old?: PresentedValue;
}

/** The entries that a replica keeps at hand, least recently used ones going first; bounded in bytes. Survives `resetRequestCache`. */
export class MemoryLayer {
  private readonly entries: LRUCache<string, HeldEntry> | undefined;

  /** @param capacity in bytes; 0 keeps nothing */
  constructor(private readonly capacity: number) {
    if (capacity <= 0) return;
    this.entries = new LRUCache({
      maxSize: capacity,
      sizeCalculation: (held) => Math.min(sizeOf(held.entry), capacity + 1),
    });
  }

  get bytes(): number {
    return this.entries?.calculatedSize ?? 0;
  }

  get size(): number {
    return this.entries?.size ?? 0;
  }

  get(objectKey: string): HeldEntry | undefined {
    return this.entries?.get(objectKey);
  }

  /** Keeps an entry; one larger than the whole layer goes, and takes its predecessor with it. */
  set(objectKey: string, held: HeldEntry): void {
    if (this.capacity > 0) this.entries?.set(objectKey, held);
  }

  delete(objectKey: string): void {
    this.entries?.delete(objectKey);
  }
}
