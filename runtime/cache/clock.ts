/** Time as one replica knows it. Everything in the cache asks a clock, so that tests may run replicas with clocks of their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds since some fixed moment, never going back: for ages and waits. */
  monotonic(): number;
  /** Calls `callback` once after `delay` milliseconds; the returned function cancels. Never keeps the process alive. */
  schedule(delay: number, callback: () => void): () => void;
  /** Calls `callback` after the current turn, and keeps the process alive until then. */
  defer(callback: () => void): void;
}

export const systemClock: Clock = {
  // Next compares with performance.timeOrigin + performance.now(), not with Date.now(): the two drift apart.
  now: () => performance.timeOrigin + performance.now(),
  monotonic: () => performance.now(),
  schedule: (delay, callback) => {
    const timer = setTimeout(callback, delay);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
  defer: setImmediate,
};

/** Resolves after `delay` milliseconds by the given clock. */
export function sleep(clock: Clock, delay: number): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(delay, resolve);
  });
}

/** A `Date` header has whole seconds: the server's time lies within one second after it. */
const DATE_HEADER_RESOLUTION = 1000;
/** A narrowed interval is forgotten after this long, because clocks drift and are set. */
const OBSERVATION_LIFETIME = 5 * 60_000;

/**
 * The table's clock, as far as its `Date` headers let a replica know it. Rows are stamped with it, because the mirror's index is
 * ordered by writers' stamps: a writer a minute behind would otherwise write rows that no reader looks for any more.
 */
export class TableClock {
  private lowest = Number.NEGATIVE_INFINITY;
  private highest = Number.POSITIVE_INFINITY;
  private observedSince = 0;

  constructor(
    private readonly clock: Clock,
    private readonly bound: number,
  ) {}

  /** Takes one answer of the table into account: when it was asked, when it answered (own clock), and what `Date` it gave. */
  observe(sentAt: number, receivedAt: number, date: number): void {
    if (!Number.isFinite(date)) return;
    const lowest = date - receivedAt;
    const highest = date + DATE_HEADER_RESOLUTION - sentAt;
    const narrowed = { lowest: Math.max(lowest, this.lowest), highest: Math.min(highest, this.highest) };
    const expired = this.clock.monotonic() - this.observedSince > OBSERVATION_LIFETIME;
    // An empty intersection means that a clock was set: what was known before is void.
    if (expired || narrowed.lowest > narrowed.highest) {
      this.lowest = lowest;
      this.highest = highest;
      this.observedSince = this.clock.monotonic();
    } else {
      this.lowest = narrowed.lowest;
      this.highest = narrowed.highest;
    }
  }

  /** Whether the table has told its time at all. */
  get known(): boolean {
    return Number.isFinite(this.lowest);
  }

  /** The least correction that the observations demand, in milliseconds; 0 while the own clock may be right. */
  get offset(): number {
    if (this.lowest > 0) return Number.isFinite(this.lowest) ? this.lowest : 0;
    if (this.highest < 0) return Number.isFinite(this.highest) ? this.highest : 0;
    return 0;
  }

  /** Whether the own clock is further from the table's than writers' clocks may be from each other. */
  get skewed(): boolean {
    return Math.abs(this.offset) > this.bound;
  }

  /** Now, by the table's clock. */
  now(): number {
    return this.clock.now() + this.offset;
  }

  /** A moment of the table's clock as one of the own clock, which is what Next compares with. */
  toLocal(moment: number): number {
    return moment - this.offset;
  }

  fromLocal(moment: number): number {
    return moment + this.offset;
  }
}
