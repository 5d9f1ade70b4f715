import type { TraceCause } from '../../contract';
import type { CacheControl, Entry } from '../cache/entry';
import { judgeTags, type TagIndex } from '../cache/tag-index';

export interface CauseOptions {
  readonly freshness: 'stale' | 'expired';
  readonly entry: Entry;
  /** Tags of the reader, besides the entry's own. */
  readonly softTags: readonly string[];
  /** How long the reader lets the entry last. @default - the entry's own word */
  readonly lifetime?: CacheControl | undefined;
  /** By the table's clock. */
  readonly now: number;
}

/** Why an entry is not fresh: the first of its tags that says so, else its own period. */
export function causeOf(index: TagIndex, options: CauseOptions): TraceCause {
  const { entry, softTags, freshness, now } = options;
  for (const tag of [...entry.tags, ...softTags]) {
    if (judgeTags(index, [tag], entry.stamp, now).state !== freshness) continue;
    return { kind: 'tag', tag, effect: freshness, milliseconds: Math.max(0, now - since(index, tag, freshness)) };
  }
  const { revalidate, expire } = options.lifetime ?? entry.cacheControl ?? { revalidate: 1 };
  const period = freshness === 'expired' ? expire : revalidate;
  const seconds = typeof period === 'number' ? period : 0;
  const milliseconds = Math.max(0, now - entry.lastModified - seconds * 1000);
  return { kind: 'period', effect: freshness, seconds, milliseconds };
}

/** When the revalidation that counts took effect. */
function since(index: TagIndex, tag: string, freshness: 'stale' | 'expired'): number {
  const row = index.find(tag);
  if (row === undefined) return 0;
  if (freshness === 'stale') return row.staleAt;
  return row.expiredAt > 0 ? row.expiredAt : row.deadline;
}
