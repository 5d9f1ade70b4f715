import { judgeTags, type TagIndex, type TagState } from './tag-index';
import type { TableClock } from './clock';
import type { CacheControl, Entry } from './entry';
import type { HeldEntry } from './memory-layer';
import type { Judgement, Verdict } from './verdict';

/** What an entry is worth now. */
export interface Assessment {
  readonly freshness: 'fresh' | 'stale' | 'expired';
  /** A tag was revalidated after the entry's generation began. */
  readonly moved: boolean;
}

/** How long a response lasts for which Next was given nothing: it then revalidates after a second. */
const UNKNOWN_LIFETIME: CacheControl = { revalidate: 1 };

/** Says whether entries may be served: by their own period, and by what the replica knows of their tags. */
export class Assessor {
  constructor(
    private readonly index: TagIndex,
    private readonly tableClock: TableClock,
    private readonly isLoaded: () => boolean,
    /** Whether this version of Next ends an entry's life at `expire` by itself. */
    private readonly expireEnds: boolean,
  ) {}

  /**
   * @param softTags tags of the reader that the entry does not carry
   * @param lifetime the reader's, where it overrides the entry's
   */
  assess(held: HeldEntry, softTags: readonly string[], lifetime?: CacheControl): Assessment {
    const now = this.tableClock.now();
    const tags = this.judge(held, softTags, now);
    if (tags.state === 'expired') return { freshness: 'expired', moved: true };
    const period = this.period(held.entry, lifetime ?? held.entry.cacheControl ?? UNKNOWN_LIFETIME, now);
    const freshness = period === 'fresh' ? tags.state : period;
    return { freshness, moved: tags.moved };
  }

  /** Whether its tags already forbid an entry that was just made. */
  isExpired(entry: Entry): boolean {
    return judgeTags(this.index, entry.tags, entry.stamp, this.tableClock.now()).state === 'expired';
  }

  /** Whether a verdict may say fresh: not before the tags are known at all. */
  mayBeFresh(fresh: boolean): boolean {
    return fresh && this.isLoaded();
  }

  /** Whether an entry that was rendered now is (still) what its tags want. */
  verdictOf(entry: Entry, fresh: boolean): Verdict {
    const { tags, stamp, value } = entry;
    return { kind: value?.kind ?? 'NONE', tags, stamp, fresh: this.mayBeFresh(fresh) };
  }

  /** What the tags say now about a verdict given earlier. */
  judgeVerdict({ tags, stamp, fresh }: Verdict): Judgement {
    const { state, moved } = judgeTags(this.index, tags, stamp, this.tableClock.now());
    const known = this.index.unknown(tags, stamp).length === 0;
    return { fresh: fresh && state === 'fresh' && known, moved };
  }

  private judge(held: HeldEntry, softTags: readonly string[], now: number): TagState {
    const own = this.judgeOwn(held, now);
    if (softTags.length === 0 || own.state === 'expired') return own;
    const soft = judgeTags(this.index, softTags, held.entry.stamp, now);
    return {
      state: soft.state === 'fresh' ? own.state : soft.state,
      moved: own.moved || soft.moved,
      until: Math.min(own.until, soft.until),
    };
  }

  private judgeOwn(held: HeldEntry, now: number): TagState {
    const { revision } = this.index;
    const known = held.judged;
    if (known?.revision === revision && now < known.state.until) return known.state;
    const state = judgeTags(this.index, held.entry.tags, held.entry.stamp, now);
    held.judged = { revision, state };
    return state;
  }

  private period(entry: Entry, { revalidate, expire }: CacheControl, now: number): 'fresh' | 'stale' | 'expired' {
    const age = now - entry.lastModified;
    const ends = this.expireEnds || entry.group === 'use-cache';
    if (ends && expire !== undefined && age > expire * 1000) return 'expired';
    return typeof revalidate === 'number' && age > revalidate * 1000 ? 'stale' : 'fresh';
  }
}
