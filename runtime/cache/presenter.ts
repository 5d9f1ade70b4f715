import { Header } from '../../contract';
import type { NextBehaviour } from '../next/versions';
import type { Assessor } from './assessor';
import type { Clock, TableClock } from './clock';
import type { CacheControl, CacheValue } from './entry';
import type { HeldEntry, PresentedValue } from './memory-layer';
import type { Found } from './reader';
import type { RequestState } from './request-state';
import { encodeVerdict, type Verdict } from './verdict';

/** What `get` of the singular handler returns. */
export interface Presented {
  readonly value: CacheValue | null;
  readonly lastModified: number;
  readonly cacheControl?: CacheControl | undefined;
}

/** A second, the shortest period that Next accepts: what is not fresh leaves with `s-maxage=1`. */
const CAPPED: CacheControl = { revalidate: 1, expire: undefined };
/** Older than {@link CAPPED} lasts, in milliseconds. */
const AGED = 2000;
/** Kinds whose headers Next copies to the answer of every joined request. */
const KINDS_WITH_VERDICT = new Set(['APP_PAGE', 'APP_ROUTE']);
/** Bounds, in seconds, of the period that Next gives to an entry that it could not renew. */
const RETAINED_LEAST = 3;
const RETAINED_MOST = 30;

/**
 * Puts entries into the shapes by which a version of Next understands what the handler means: fresh, stale and to be regenerated,
 * old but in somebody else's hands, or expired.
 */
export class Presenter {
  private readonly presentedFor = new WeakMap<CacheValue, string>();
  private readonly presentedNulls = new WeakMap<RequestState, Map<string, number>>();

  constructor(
    private readonly behaviour: NextBehaviour,
    private readonly assessor: Assessor,
    private readonly lifetimes: Map<string, CacheControl> | undefined,
    private readonly clock: Clock,
    private readonly tableClock: TableClock,
  ) {}

  /**
   * An answer. Fresh: Next says HIT, with the entry's own lifetime. Stale: Next says STALE and regenerates behind the answer.
   * Retained: Next answers and does not regenerate. Expired: Next renders first, where `-1` means that (NextBehaviour).
   */
  response(key: string, objectKey: string, found: Found, state: RequestState): Presented {
    const { held, freshness } = found;
    const { value, verdict } = this.valueOf(objectKey, held, freshness === 'fresh');
    // A fresh image needs no proof: no tag invalidates it, whatever is known of tags just now.
    const isProof = value?.kind !== 'IMAGE' || freshness !== 'fresh';
    if (isProof && (freshness !== 'expired' || !this.behaviour.minusOneBlocks)) state.context?.verdicts.push(verdict);
    const cacheControl = freshness === 'fresh' ? held.entry.cacheControl : CAPPED;
    this.rememberLifetime(key, cacheControl);
    if (value === null) this.noteNull(objectKey, cacheControl, state);
    return { value, lastModified: this.lastModified(found), cacheControl };
  }

  /** A datum. Next compares its age with the period of the reader, so one that is not fresh is made older than that. */
  fetch(objectKey: string, found: Found, readersPeriod: number | false | undefined, state: RequestState): Presented {
    const { held, freshness } = found;
    const { value, lastModified } = held.entry;
    const isFresh = freshness === 'fresh';
    if (value !== null) this.presentedFor.set(value, objectKey);
    state.context?.verdicts.push(this.valueOf(objectKey, held, isFresh).verdict);
    const local = this.tableClock.toLocal(lastModified);
    if (isFresh) return { value, lastModified: local };
    const period = typeof readersPeriod === 'number' && readersPeriod > 0 ? readersPeriod : value?.revalidate;
    const aged = this.clock.now() - (typeof period === 'number' ? period : 0) * 1000 - 1;
    return { value, lastModified: Math.min(aged, local) };
  }

  /** Puts the verdict on a value that was just rendered: its answer is sent after `set`, to all requests that Next has joined. */
  mark(data: CacheValue, verdict: Verdict): void {
    if (!KINDS_WITH_VERDICT.has(data.kind)) return;
    const headers = { ...data.headers, [Header.VERDICT]: encodeVerdict(verdict) };
    (data as { headers: CacheValue['headers'] }).headers = headers;
  }

  /**
   * For how many seconds Next keeps a value that it could not renew, if that is what a `set` is: it hands back what `get` gave, with
   * a period of its own making. A not-found has no identity; there the period itself tells.
   */
  retainedFor(
    objectKey: string,
    data: CacheValue | null,
    cacheControl: CacheControl | undefined,
    state: RequestState,
  ): number | undefined {
    const seconds = cacheControl?.revalidate;
    if (typeof seconds !== 'number' || seconds < RETAINED_LEAST || seconds > RETAINED_MOST) return undefined;
    const handedBack =
      data === null
        ? this.presentedNulls.get(state)?.get(objectKey) === seconds
        : this.presentedFor.get(data) === objectKey;
    return handedBack ? seconds : undefined;
  }

  private lastModified({ held, freshness }: Found): number {
    switch (freshness) {
      case 'fresh':
        return this.tableClock.toLocal(held.entry.lastModified);
      case 'stale':
        return this.clock.now() - this.staleAge(held.entry.value);
      case 'retained':
        return this.clock.now();
      case 'expired':
        return -1;
    }
  }

  /** The image optimizer looks at the period in the value, and not at what `get` says of it. */
  private staleAge(value: CacheValue | null): number {
    const period = value?.kind === 'IMAGE' ? value.revalidate : undefined;
    return typeof period === 'number' ? period * 1000 + AGED : AGED;
  }

  private valueOf(objectKey: string, held: HeldEntry, fresh: boolean): PresentedValue {
    const known = fresh ? held.fresh : held.old;
    // Before the mirror is loaded nothing is fresh; that changes once.
    if (known?.verdict.fresh === this.assessor.mayBeFresh(fresh)) return known;
    const made = this.assessor.verdictOf(held.entry, fresh);
    const presented = { verdict: made, value: this.copy(objectKey, held.entry.value, made) };
    if (fresh) held.fresh = presented;
    else held.old = presented;
    return presented;
  }

  /** A copy, because Next hands on what it gets, with headers of its own. */
  private copy(objectKey: string, value: CacheValue | null, verdict: Verdict): CacheValue | null {
    if (value === null || value.kind === 'FETCH') return value;
    const copy = { ...value };
    this.mark(copy, verdict);
    this.presentedFor.set(copy, objectKey);
    return copy;
  }

  private noteNull(objectKey: string, cacheControl: CacheControl | undefined, state: RequestState): void {
    const known = this.presentedNulls.get(state) ?? new Map<string, number>();
    const seconds = Math.min(Math.max(Number(cacheControl?.revalidate ?? 0), RETAINED_LEAST), RETAINED_MOST);
    this.presentedNulls.set(state, known.set(objectKey, seconds));
  }

  /** Before 16.4 Next takes an entry's lifetime from a map that only the replica that rendered it has filled. */
  private rememberLifetime(key: string, cacheControl: CacheControl | undefined): void {
    if (this.behaviour.lifetimeFrom === 'entry' || cacheControl === undefined) return;
    this.lifetimes?.set(this.behaviour.lifetimeFrom === 'map-by-key' ? key : routeOf(key), cacheControl);
  }
}

/** Next's `toRoute`: the key without a trailing `/index` and slash. */
function routeOf(key: string): string {
  return key.replace(/(?:\/index)?\/?$/, '') || '/';
}
