import type { Revalidation, TagRow } from '../cache/tag-row';

/** One attempt's stamp and limit. A retry is a new attempt with a new stamp: an old stamp would hide the row behind readers' cursors. */
export interface WriteAttempt {
  /** Now, by the table's clock. */
  readonly at: number;
  /** Milliseconds until the attempt is given up. */
  readonly timeout: number;
}

/** Tag rows. Each call states what it costs. */
export interface TagStore {
  /** Rows changed after `since` (exclusive), strongly consistent, all pages: one read a shard and megabyte. */
  changedSince(since: number, timeout: number): Promise<TagRow[]>;
  /** The rows of these tags, strongly consistent, those that exist: one read unit a tag. */
  rowsOf(tags: readonly string[], timeout: number): Promise<TagRow[]>;
  /** Counts the row's version up and notes what that does to entries: one write. Returns the row as it is then. */
  revalidate(tag: string, revalidation: Revalidation, attempt: WriteAttempt, known?: TagRow): Promise<TagRow>;
}

/** Leases: the right to regenerate one entry, given to one holder at a time. */
export interface LeaseStore {
  /** Takes the lease unless somebody else's runs at `attempt.at`; one write. */
  acquire(key: string, holder: string, duration: number, attempt: WriteAttempt): Promise<boolean>;
  /** Ends the lease if `holder` has it; one write. */
  release(key: string, holder: string, timeout: number): Promise<void>;
}
