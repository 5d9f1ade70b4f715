import type { Counters } from '../counters';
import type { Log } from '../log';
import type { TagStore } from '../stores/tag-store';
import { sleep, type Clock, type TableClock } from './clock';
import type { TagIndex } from './tag-index';

/** What the mirror reads, and how far it may lag. */
export interface MirrorOptions {
  /** Milliseconds for which one read serves; 0 reads for every request. */
  readonly window: number;
  /** Milliseconds beyond the window for which the view still counts as current. */
  readonly slack: number;
  /** Milliseconds that writers' clocks may differ. */
  readonly skewBound: number;
  /** Milliseconds that one attempt to write a row may take: its stamp may be that much older than its appearance. */
  readonly writeTimeout: number;
  readonly readTimeout: number;
  /** Rows that last changed at or before this moment are not read. */
  readonly beginning: number;
}

/** Rows of this long are read again each {@link DEEP_READ_EVERY}: a write may have come later than any bound says. */
const DEEP_READ_REACH = 15 * 60_000;
const DEEP_READ_EVERY = 60_000;
/** How long the horizons of past reads are known: as long as the versions of past moments. */
const HORIZON_MEMORY = 10 * 60_000;
const LOAD_RETRY_PAUSE = 500;
/** A read begins so many milliseconds before the view ends, where requests come: as long as DynamoDB takes at its slower moments. */
const LEAD = 50;
/** Of the window. */
const LARGEST_LEAD = 0.1;
/** The first read may be long, and nobody waits for it but the health check. */
const LOAD_TIMEOUT = 30_000;

interface Read {
  /** When it started (monotonic). */
  readonly startedAt: number;
  readonly done: Promise<boolean>;
}

/**
 * A replica's view of the tags: the rows that changed since its build began, read from the table at most once a window and for all
 * requests at once. Writers' clocks order what it reads, so each read reaches back by what clocks may differ and writes may take.
 */
export class Mirror {
  private running?: Read;
  private lastStartedAt = Number.NEGATIVE_INFINITY;
  private lastReach: number;
  private lastDeepRead = Number.NEGATIVE_INFINITY;
  private readonly horizons: { readonly at: number; readonly horizon: number }[] = [];
  private isLoaded = false;
  private warned = false;
  private warnedOfSkew = false;
  private closed = false;

  constructor(
    private readonly store: TagStore,
    private readonly index: TagIndex,
    private readonly options: MirrorOptions,
    private readonly clock: Clock,
    private readonly tableClock: TableClock,
    private readonly counters: Counters,
    private readonly log: Log,
  ) {
    this.lastReach = options.beginning;
  }

  /** Whether the rows have been read once; before that no entry can be judged. */
  get loaded(): boolean {
    return this.isLoaded;
  }

  /** How long ago the read that this view rests on started, in milliseconds. */
  get age(): number {
    return this.clock.monotonic() - this.lastStartedAt;
  }

  get skewed(): boolean {
    return this.tableClock.skewed;
  }

  /** Whether an answer judged by this view may be kept by a shared cache: loaded, read lately, and by a clock that can be trusted. */
  current(): boolean {
    return this.isLoaded && !this.skewed && this.age <= this.options.window + this.options.slack;
  }

  /** Reads until the first read succeeds. */
  async start(): Promise<void> {
    while (!this.isLoaded && !this.closed) {
      if (!(await this.read().done)) await sleep(this.clock, LOAD_RETRY_PAUSE);
    }
  }

  close(): void {
    this.closed = true;
  }

  /** Whether a request that arrived at `arrivedAt` (monotonic) needs no read. */
  covers(arrivedAt: number): boolean {
    if (!this.isLoaded) return false;
    return this.options.window === 0 ? this.lastStartedAt >= arrivedAt : this.age <= this.options.window;
  }

  /** Begins the next read shortly before this view ends. All requests of a busy moment would wait for it otherwise, once a window. */
  readAhead(): void {
    const { window } = this.options;
    if (window === 0 || this.running !== undefined) return;
    if (this.age > window - Math.min(LEAD, LARGEST_LEAD * window)) this.read();
  }

  /** Makes the view good enough for a request that arrived at `arrivedAt` (monotonic), by one read shared with all others. */
  async ensure(arrivedAt: number): Promise<void> {
    if (this.covers(arrivedAt)) return;
    const running = this.running;
    if (running !== undefined) {
      await running.done;
      if (this.covers(arrivedAt)) return;
      // With a window of 0 a read that started before the request arrived does not serve; the next one is shared in turn.
      if (this.options.window > 0 || running.startedAt >= arrivedAt) return;
    }
    await (this.running ?? this.read()).done;
  }

  /** How far the view had read at a moment (monotonic): every row stamped up to there was known. */
  horizonAt(moment: number): number {
    for (let position = this.horizons.length - 1; position >= 0; position -= 1) {
      const entry = this.horizons[position];
      if (entry !== undefined && entry.at <= moment) return entry.horizon;
    }
    return Number.NEGATIVE_INFINITY;
  }

  private read(): Read {
    const startedAt = this.clock.monotonic();
    const done = this.readRows(startedAt).finally(() => {
      this.running = undefined;
    });
    this.running = { startedAt, done };
    return this.running;
  }

  private async readRows(startedAt: number): Promise<boolean> {
    const deep = this.isLoaded && startedAt - this.lastDeepRead >= DEEP_READ_EVERY;
    const reach = this.tableClock.now() - 2 * this.options.skewBound - this.options.writeTimeout;
    const since = deep ? Math.min(this.lastReach, this.tableClock.now() - DEEP_READ_REACH) : this.lastReach;
    try {
      this.counters.count('mirror.read');
      const timeout = this.isLoaded ? this.options.readTimeout : LOAD_TIMEOUT;
      const rows = await this.store.changedSince(Math.max(since, this.options.beginning), timeout);
      for (const row of rows) this.index.apply(row);
    } catch (error) {
      this.failed(error);
      return false;
    }
    // What the table's answer taught about clocks holds for this read too: it may have been further back than the own clock said.
    const horizon = Math.min(reach, this.tableClock.now() - 2 * this.options.skewBound - this.options.writeTimeout);
    this.lastReach = Math.max(this.options.beginning, horizon);
    this.lastStartedAt = Math.max(this.lastStartedAt, startedAt);
    if (deep || !this.isLoaded) this.lastDeepRead = startedAt;
    this.remember(horizon);
    this.recovered();
    this.tellSkew();
    return true;
  }

  private remember(horizon: number): void {
    const now = this.clock.monotonic();
    this.horizons.push({ at: now, horizon });
    while (this.horizons.length > 1 && (this.horizons[1]?.at ?? now) < now - HORIZON_MEMORY) this.horizons.shift();
  }

  private failed(error: unknown): void {
    this.counters.count('mirror.failed');
    if (this.warned) return;
    this.warned = true;
    this.log.warn('cache.mirrorFailed', { reason: String(error), age: Math.round(this.age) });
  }

  private recovered(): void {
    if (!this.isLoaded) this.log.debug('cache.mirrorLoaded', { rows: this.index.size });
    else if (this.warned) this.log.info('cache.mirrorRecovered', { rows: this.index.size });
    this.isLoaded = true;
    this.warned = false;
  }

  /** Once when the own clock is found to be wrong, and once when it is right again. */
  private tellSkew(): void {
    const { skewed } = this;
    if (skewed === this.warnedOfSkew) return;
    this.warnedOfSkew = skewed;
    const fields = { offset: Math.round(this.tableClock.offset), bound: this.options.skewBound };
    if (skewed) this.log.warn('cache.clockSkewed', { ...fields, effect: 'The edge keeps its answers for a second.' });
    else this.log.info('cache.clockRight', fields);
  }
}
