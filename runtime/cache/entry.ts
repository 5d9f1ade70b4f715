/** Where an entry is kept apart from others: what Next's key is a key of. */
export type EntryGroup = 'response' | 'fetch' | 'image' | 'use-cache';

/** How long an answer lasts, as Next hands it to `set` and takes it from `get`; seconds. */
export interface CacheControl {
  readonly revalidate: number | false;
  readonly expire?: number | undefined;
}

/** One of Next's cached values, with its `kind`; opaque but for what the handler has to know. `null` is a stored not-found. */
export interface CacheValue {
  readonly kind: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly [property: string]: unknown;
}

/**
 * What an entry's renderer had seen of the tags when generation began. For a tag without a number the row had not been read, and
 * how far the mirror had read (`horizon`) is compared with the row's stamps instead.
 */
export interface Stamp {
  readonly versions: ReadonlyMap<string, number>;
  readonly horizon: number;
}

/** One cached thing, as every layer knows it. Immutable: a change is a new entry. */
export interface Entry {
  readonly group: EntryGroup;
  /** Next's key. Never parsed to learn a path. */
  readonly key: string;
  readonly value: CacheValue | null;
  /** The tags that the value carries, the key's own row included. Soft tags are the reader's and not among them. */
  readonly tags: readonly string[];
  readonly stamp: Stamp;
  /** When the value was made, by the table's clock. */
  readonly lastModified: number;
  readonly cacheControl?: CacheControl | undefined;
}

/** Header by which Next hands over the tags of a page or route; comma-joined. */
export const NEXT_CACHE_TAGS_HEADER = 'x-next-cache-tags';

/** The tags in a value's headers; none for Pages Router entries. */
export function tagsOfValue(value: CacheValue | null): string[] {
  const header = value?.headers?.[NEXT_CACHE_TAGS_HEADER];
  return typeof header === 'string' && header !== '' ? header.split(',') : [];
}

/**
 * Which of two entries for one key was rendered with the newer knowledge: positive for `left`. Versions decide; where they say
 * nothing, the later one. A render that began before a revalidation must never replace one that began after it.
 */
export function compareEntries(left: Entry, right: Entry): number {
  let leftAhead = false;
  let rightAhead = false;
  for (const [tag, version] of left.stamp.versions) {
    const other = right.stamp.versions.get(tag);
    if (other === undefined || other === version) continue;
    if (version > other) leftAhead = true;
    else rightAhead = true;
  }
  if (leftAhead !== rightAhead) return leftAhead ? 1 : -1;
  return left.lastModified - right.lastModified;
}

/** Bytes of overhead that an entry costs in memory besides its content: objects, map slots, strings' headers. */
const ENTRY_OVERHEAD = 1024;

/** About how much memory an entry takes. */
export function sizeOf(entry: Entry): number {
  let size = ENTRY_OVERHEAD + 2 * entry.key.length;
  for (const tag of entry.tags) size += 96 + tag.length;
  if (entry.value !== null) size += sizeOfAny(entry.value, 0);
  return size;
}

const DEEPEST_SIZED = 32;
/** V8 keeps a string in a byte a character unless one of them needs two, which most pages have none of. */
const BEYOND_ONE_BYTE = /[\u0100-\uffff]/;

function sizeOfAny(value: unknown, depth: number): number {
  if (typeof value === 'string') return 16 + value.length * (BEYOND_ONE_BYTE.test(value) ? 2 : 1);
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return 96 + value.byteLength;
  if (depth > DEEPEST_SIZED) return 64;
  let size = 64;
  if (value instanceof Map) {
    for (const [name, item] of value) size += sizeOfAny(name, depth + 1) + sizeOfAny(item, depth + 1);
  } else {
    for (const [name, item] of Object.entries(value)) size += 16 + name.length + sizeOfAny(item, depth + 1);
  }
  return size;
}
