import type { Stamp } from './entry';
import { untouchedRow, type TagRow } from './tag-row';

/** How long a replica can still tell which version it had seen at a past moment; renders that last longer count as having seen none. */
const MEMORY_OF_VERSIONS = 10 * 60_000;

/** How many of the last changes an entry can say that it has seen, beyond its own tags. */
const LATEST_CHANGES = 100;

const NONE: readonly string[] = [];

interface KnownRow {
  row: TagRow;
  /** When (monotonic) each version became known here, oldest first; shortened to {@link MEMORY_OF_VERSIONS}. */
  readonly history: { readonly at: number; readonly version: number }[];
}

/**
 * The tag rows that one replica knows, at most `capacity` of them. Rows that last changed up to `floor` may be missing: those
 * before the mirror's beginning, and those that had to go.
 */
export class TagIndex {
  private readonly rows = new Map<string, KnownRow>();
  /** Grows whenever a row changes: a judgement made at this revision still holds. */
  revision = 0;
  private raisedFloor: number;
  private evicted = false;
  /** The tags that changed last, oldest first. */
  private latest: string[] = [];

  constructor(
    private readonly capacity: number,
    floor: number,
    private readonly monotonic: () => number,
  ) {
    this.raisedFloor = floor;
  }

  get size(): number {
    return this.rows.size;
  }

  /** Rows that last changed at or before this moment (writers' stamps) may be missing. */
  get floor(): number {
    return this.raisedFloor;
  }

  find(tag: string): TagRow | undefined {
    return this.rows.get(tag)?.row;
  }

  /** Those of an entry's tags whose rows may have changed since it was generated, and are not here. */
  unknown(tags: readonly string[], stamp: Stamp): readonly string[] {
    if (stamp.horizon > this.raisedFloor) return NONE;
    return tags.filter((tag) => !this.rows.has(tag));
  }

  /** Tags whose rows changed after `moment` (writers' stamps), as far as they are remembered: the latest of them. */
  changedAfter(moment: number): string[] {
    return this.latest.filter((tag) => (this.rows.get(tag)?.row.updatedAt ?? 0) > moment);
  }

  /** Takes in a row that was read or written; rows read earlier than what is known are ignored. */
  apply(row: TagRow): void {
    const known = this.rows.get(row.tag);
    if (known === undefined) {
      if (this.evicted && row.updatedAt <= this.raisedFloor) return;
      this.insert(row);
      return;
    }
    if (row.version <= known.row.version) return;
    const now = this.monotonic();
    known.history.push({ at: now, version: row.version });
    while (known.history.length > 1 && (known.history[1]?.at ?? now) < now - MEMORY_OF_VERSIONS) known.history.shift();
    known.row = row;
    // Moved to the end: eviction takes what changed longest ago.
    this.rows.delete(row.tag);
    this.rows.set(row.tag, known);
    this.changed(row.tag);
  }

  /** Takes in the rows that were asked for by tag, all of them; a tag without a row is remembered as never revalidated. */
  remember(tags: readonly string[], rows: readonly TagRow[]): void {
    const found = new Map(rows.map((row) => [row.tag, row]));
    for (const tag of new Set(tags)) {
      const row = found.get(tag) ?? untouchedRow(tag);
      const known = this.rows.get(tag);
      if (known === undefined) {
        this.add(row);
        continue;
      }
      this.apply(row);
      // The last to go, as those that are new: what is asked for together is judged together.
      this.rows.delete(tag);
      this.rows.set(tag, known);
    }
    this.evict(Math.max(this.capacity, tags.length));
  }

  /**
   * The version of a tag that this replica had seen at a moment (monotonic), `undefined` where it cannot say. A tag that is not in
   * a complete index had not been revalidated since the index began: version 0.
   */
  versionAt(tag: string, moment: number): number | undefined {
    const known = this.rows.get(tag);
    const absent = this.evicted ? undefined : 0;
    if (known === undefined) return absent;
    let seen = absent;
    for (const { at, version } of known.history) {
      if (at > moment) break;
      seen = version;
    }
    return seen;
  }

  private insert(row: TagRow): void {
    this.add(row);
    this.evict(this.capacity);
  }

  private add(row: TagRow): void {
    this.rows.set(row.tag, { row, history: [{ at: this.monotonic(), version: row.version }] });
    this.changed(row.tag);
  }

  private changed(tag: string): void {
    this.revision += 1;
    this.latest.push(tag);
    if (this.latest.length > 2 * LATEST_CHANGES) this.latest = [...new Set(this.latest)].slice(-LATEST_CHANGES);
  }

  private evict(capacity: number): void {
    for (const [tag, { row }] of this.rows) {
      if (this.rows.size <= capacity) return;
      this.rows.delete(tag);
      this.evicted = true;
      this.raisedFloor = Math.max(this.raisedFloor, row.updatedAt);
      this.revision += 1;
    }
  }
}

/** What the tags say about an entry; `until` is when a deadline ahead changes that (table's clock). */
export interface TagState {
  readonly state: 'fresh' | 'stale' | 'expired';
  /** Whether any of the tags was revalidated after generation began, whatever that did. */
  readonly moved: boolean;
  readonly until: number;
}

/** Judges by versions where the renderer's are known, else by how far its mirror had read. */
export function judgeTags(index: TagIndex, tags: Iterable<string>, stamp: Stamp, now: number): TagState {
  let state: TagState['state'] = 'fresh';
  let moved = false;
  let until = Number.POSITIVE_INFINITY;
  for (const tag of tags) {
    const row = index.find(tag);
    if (row === undefined || row.version === 0) continue;
    const seen = seenBy(stamp, tag, row);
    if (row.version > seen) moved = true;
    if (row.expiredVersion > seen) return { state: 'expired', moved: true, until: Number.POSITIVE_INFINITY };
    if (row.deadline > 0 && row.deadlineVersion > seen) {
      if (row.deadline <= now) return { state: 'expired', moved: true, until: Number.POSITIVE_INFINITY };
      until = Math.min(until, row.deadline);
    }
    if (row.staleVersion > seen) state = 'stale';
  }
  return { state, moved, until };
}

/**
 * The version of a row that an entry's renderer has seen. Without a number of its own (soft tags are the reader's, not the
 * entry's) the row's stamps are compared with the horizon, which the mirror has lowered by what clocks may differ.
 */
function seenBy(stamp: Stamp, tag: string, row: TagRow): number {
  const version = stamp.versions.get(tag);
  if (version !== undefined) return version;
  if (row.updatedAt <= stamp.horizon) return row.version;
  const unseen: number[] = [];
  if (row.expiredAt > stamp.horizon) unseen.push(row.expiredVersion);
  if (row.staleAt > stamp.horizon) unseen.push(row.staleVersion, row.deadlineVersion);
  const known = unseen.filter((candidate) => candidate > 0);
  return known.length === 0 ? row.version - 1 : Math.min(...known) - 1;
}
