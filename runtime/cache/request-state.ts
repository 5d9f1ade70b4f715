import type { CurrentRequest, RequestContext } from '../http/context';
import type { Clock } from './clock';
import type { Entry } from './entry';
import { RequestBudget } from './request-budget';
import type { TagIndex } from './tag-index';
import type { Revalidation } from './tag-row';

/** What the cache remembers of one request: since when it runs, what it may still wait, and how old the data is that it used. */
export class RequestState {
  /** When the cache first heard of the request (monotonic): a bound for every generation that it starts. */
  readonly startedAt: number;
  private readonly generations = new Map<string, { readonly at: number; readonly softTags: readonly string[] }>();
  // Most requests need none of these.
  private ownBudget: RequestBudget | undefined;
  private used: Map<string, { readonly entry: Entry; readonly tags: ReadonlySet<string> }> | undefined;
  private degraded: Set<string> | undefined;
  private revalidated: Set<string> | undefined;
  private joinableSince: number;

  constructor(
    private readonly clock: Clock,
    private readonly patience: number,
    readonly context: RequestContext | undefined,
  ) {
    this.startedAt = clock.monotonic();
    this.joinableSince = this.startedAt;
  }

  get budget(): RequestBudget {
    return (this.ownBudget ??= new RequestBudget(this.patience, this.clock, this.context === undefined));
  }

  /**
   * Up to when revalidations must be known for what is read (monotonic): until the request came, or until it began something that later
   * requests may join; until now where there is no request.
   */
  get asOf(): number {
    return this.context === undefined ? this.clock.monotonic() : this.joinableSince;
  }

  /** Notes that something begins which Next may have later requests join: they are promised more than this one was when it came. */
  beginJoinable(): void {
    this.joinableSince = this.clock.monotonic();
  }

  /** Notes that what is generated for `key` from now on began now, under the reader's soft tags. */
  beginGeneration(key: string, softTags: readonly string[]): void {
    this.generations.set(key, { at: this.clock.monotonic(), softTags });
  }

  /** When the generation of what is set under `key` began at the earliest (monotonic). */
  generationStart(key: string): number {
    return this.generations.get(key)?.at ?? this.startedAt;
  }

  softTagsOf(key: string): readonly string[] {
    return this.generations.get(key)?.softTags ?? [];
  }

  /** Notes that the request was given a datum older than what is known of its tags: what it makes is no younger, tag by tag. */
  use(entry: Entry, softTags: readonly string[]): void {
    this.used ??= new Map();
    this.used.set(entry.key, { entry, tags: new Set([...entry.tags, ...softTags]) });
  }

  /** Notes that the request has made a datum anew. Where an answer is to be kept, Next waits for that rather than use the old one. */
  renew(key: string): void {
    this.used?.delete(key);
  }

  /** The lowest version of a tag that data used by this request had seen. */
  usedVersion(tag: string): number | undefined {
    return this.lowestUsed(tag, ({ stamp }) => stamp.versions.get(tag));
  }

  /** The lowest horizon of used data that had a tag without having seen its row. */
  usedHorizon(tag: string): number | undefined {
    return this.lowestUsed(tag, ({ stamp }) => (stamp.versions.has(tag) ? undefined : stamp.horizon));
  }

  /** The lowest horizon of all used data that had a tag. */
  lowestHorizon(tag: string): number | undefined {
    return this.lowestUsed(tag, ({ stamp }) => stamp.horizon);
  }

  /** Notes that the store could not say whether it has an entry: a not-found that follows is not the app's word. */
  degrade(key: string): void {
    this.degraded ??= new Set();
    this.degraded.add(key);
  }

  isDegraded(key: string): boolean {
    return this.degraded?.has(key) === true;
  }

  /**
   * Those of the tags that the request has not revalidated in the same way. A request's revalidations are a set, which Next carries
   * out twice for a server action, before and after the render of its page: the second time would expire that page again.
   * https://github.com/vercel/next.js/blob/v16.2.0/packages/next/src/server/revalidation-utils.ts
   */
  notRevalidated(tags: readonly string[], revalidation: Revalidation): readonly string[] {
    return tags.filter((tag) => this.revalidated?.has(JSON.stringify([tag, revalidation])) !== true);
  }

  /** Notes revalidations that are written. Without a request there is nothing that would be said twice. */
  noteRevalidated(tags: readonly string[], revalidation: Revalidation): void {
    if (this.context === undefined) return;
    this.revalidated ??= new Set();
    for (const tag of tags) this.revalidated.add(JSON.stringify([tag, revalidation]));
  }

  private lowestUsed(tag: string, read: (entry: Entry) => number | undefined): number | undefined {
    let lowest: number | undefined;
    for (const { entry, tags } of this.used?.values() ?? []) {
      const value = tags.has(tag) ? read(entry) : undefined;
      if (value !== undefined && (lowest === undefined || value < lowest)) lowest = value;
    }
    return lowest;
  }
}

/** Finds the state of the request that the caller works for. */
export class RequestStates {
  constructor(
    private readonly currentRequest: CurrentRequest,
    private readonly clock: Clock,
    private readonly budget: number,
  ) {}

  /** The current request's state, else `otherwise`, which stands for work that no request asked for. */
  current(otherwise: () => RequestState): RequestState {
    const context = this.currentRequest();
    if (context === undefined) return otherwise();
    if (context.cacheState instanceof RequestState) return context.cacheState;
    const state = new RequestState(this.clock, this.budget, context);
    context.cacheState = state;
    return state;
  }

  /** A state of its own, for work outside of any request. */
  detached(): RequestState {
    return new RequestState(this.clock, this.budget, undefined);
  }
}

/** A finished generation of `'use cache'` data. */
interface Generation {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly entry: Entry;
}

const GENERATIONS_KEPT_FOR = 2 * 60_000;
const GENERATIONS_KEPT = 2000;

/**
 * The latest generations of `'use cache'` data in this process. Next joins concurrent requests for one datum without asking the
 * handler, so a render that began after a revalidation may be made of data whose generation began before it.
 */
export class Generations {
  private readonly finished: Generation[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly index: TagIndex,
  ) {}

  add(entry: Entry, startedAt: number): void {
    const endedAt = this.clock.monotonic();
    this.finished.push({ startedAt, endedAt, entry });
    while (
      this.finished.length > GENERATIONS_KEPT ||
      (this.finished[0]?.endedAt ?? endedAt) < endedAt - GENERATIONS_KEPT_FOR
    ) {
      this.finished.shift();
    }
  }

  /** Notes data that was handed out though nothing proves it new: requests that joined the look have it too, and did not ask. */
  addUnproved(entry: Entry): void {
    // Once an entry, or a table that is down for long would crowd out the others; the later moment includes the earlier.
    const known = this.finished.findIndex(({ entry: { stamp } }) => stamp === entry.stamp);
    if (known >= 0) this.finished.splice(known, 1);
    this.add({ ...entry, value: null }, Number.NEGATIVE_INFINITY);
  }

  /** What a generation begun at `startedAt` had seen of `tags`: its mirror's view then, lowered to the data it used. */
  versionsSeen(tags: Iterable<string>, startedAt: number, state: RequestState): Map<string, number> {
    const versions = new Map<string, number>();
    for (const tag of tags) {
      const seen = this.index.versionAt(tag, startedAt);
      if (seen === undefined || state.usedHorizon(tag) !== undefined) continue;
      const bounds = [
        seen,
        state.usedVersion(tag),
        this.lowestJoined(tag, startedAt, ({ stamp }) => stamp.versions.get(tag) ?? 0),
      ];
      versions.set(tag, Math.min(...bounds.filter((bound) => bound !== undefined)));
    }
    return versions;
  }

  /**
   * The horizon of a generation, given its mirror's: lowered where a tag has no version, because used data had none or because the
   * row had to go meanwhile.
   */
  horizonSeen(tags: Iterable<string>, horizon: number, startedAt: number, state: RequestState): number {
    let lowest = horizon;
    for (const tag of tags) {
      const isGone = this.index.versionAt(tag, startedAt) === undefined;
      const bounds = isGone
        ? [state.lowestHorizon(tag), this.lowestJoined(tag, startedAt, ({ stamp }) => stamp.horizon)]
        : [state.usedHorizon(tag)];
      lowest = Math.min(lowest, ...bounds.filter((bound) => bound !== undefined));
    }
    return lowest;
  }

  /** The lowest of what is read of data with a tag that a render begun at `startedAt` may have joined. */
  private lowestJoined(tag: string, startedAt: number, read: (entry: Entry) => number): number | undefined {
    let lowest: number | undefined;
    for (let position = this.finished.length - 1; position >= 0; position -= 1) {
      const generation = this.finished[position];
      if (generation === undefined || generation.endedAt < startedAt) break;
      if (generation.startedAt >= startedAt || !generation.entry.tags.includes(tag)) continue;
      const value = read(generation.entry);
      if (lowest === undefined || value < lowest) lowest = value;
    }
    return lowest;
  }
}
