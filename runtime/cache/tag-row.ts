import { createHash } from 'node:crypto';

import type { EntryGroup } from './entry';

/**
 * The state of one tag: how often it was revalidated, and which of those revalidations expire or age the entries that carry it.
 * Versions only grow; `expiredVersion` is never taken back.
 */
export interface TagRow {
  readonly tag: string;
  /** Number of revalidations, counted by the table. */
  readonly version: number;
  /** Entries whose renderer had seen less than this are expired. */
  readonly expiredVersion: number;
  /** When `expiredVersion` was last raised, by the writer's clock. */
  readonly expiredAt: number;
  /** Entries whose renderer had seen less than this are stale. */
  readonly staleVersion: number;
  readonly staleAt: number;
  /** Entries whose renderer had seen less than `deadlineVersion` are expired from `deadline` on (a profile's `expire`). */
  readonly deadlineVersion: number;
  readonly deadline: number;
  readonly updatedAt: number;
}

/** What a tag that was never revalidated looks like. */
export function untouchedRow(tag: string): TagRow {
  return {
    tag,
    version: 0,
    expiredVersion: 0,
    expiredAt: 0,
    staleVersion: 0,
    staleAt: 0,
    deadlineVersion: 0,
    deadline: 0,
    updatedAt: 0,
  };
}

/** How one call of `revalidateTag` changes a row. Without a deadline, `stale` ages for ever but never expires. */
export type Revalidation = { readonly kind: 'expire' } | { readonly kind: 'stale'; readonly expireSeconds?: number };

/**
 * Next's `durations` as a revalidation. `undefined` and `{ expire: 0 }` expire now; a profile's expiry first ages.
 * Treating both alike would turn every `revalidateTag(tag, 'max')` into a blocking render.
 */
export function revalidationOf(durations: { readonly expire?: number | undefined } | undefined): Revalidation {
  if (durations === undefined) return { kind: 'expire' };
  const { expire } = durations;
  if (expire === undefined || !Number.isFinite(expire)) return { kind: 'stale' };
  return expire <= 0 ? { kind: 'expire' } : { kind: 'stale', expireSeconds: expire };
}

/** DynamoDB's limit of a sort key is 1,024 bytes; Next allows implicit tags of more. */
const LONGEST_SORT_KEY_BYTES = 1024;
const LONG_TAG_PREFIX_CHARACTERS = 200;

/** The sort key of a tag's row: the tag itself, or its beginning and a hash where it is too long to be a key. */
export function tagSortKey(tag: string): string {
  if (Buffer.byteLength(tag) <= LONGEST_SORT_KEY_BYTES) return tag;
  return `${tag.slice(0, LONG_TAG_PREFIX_CHARACTERS)}#sha256:${createHash('sha256').update(tag).digest('hex')}`;
}

/**
 * The tag of a key's own row, by which an on-demand `set` tells the other replicas and the edge. The same in every build: while two are
 * in service both hear of it, and the next one's prerendered page may be older.
 */
export function ownTagOf(group: EntryGroup, key: string): string {
  return `_N_K_${createHash('sha256').update(`${group}/${key}`).digest('hex').slice(0, 32)}`;
}
