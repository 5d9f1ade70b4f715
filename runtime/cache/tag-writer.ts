import type { Counters } from '../counters';
import type { Log } from '../log';
import { isRefusal, StoreError } from '../stores/store-error';
import type { TagStore } from '../stores/tag-store';
import { sleep, type Clock, type TableClock } from './clock';
import type { TagIndex } from './tag-index';
import type { Revalidation, TagRow } from './tag-row';

const ATTEMPTS = 4;
/** A table that throttles takes the row a moment later: thousands of tags at once take one partition many seconds. */
const ATTEMPTS_THROTTLED = 12;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 1000;
/** Rows written at the same time, so that a revalidation of many tags does not use up the connections. */
const CONCURRENCY = 16;

/**
 * Writes revalidations: one write a tag, however many entries carry it. Next calls the singular and every plural handler for one
 * `revalidateTag`; calls in the same turn are one write. A row that cannot be written is the caller's error, never a log line.
 */
export class TagWriter {
  private readonly pending = new Map<string, Promise<TagRow>>();
  private readonly queue: (() => void)[] = [];
  private running = 0;

  constructor(
    private readonly store: TagStore,
    private readonly index: TagIndex,
    private readonly timeout: number,
    private readonly clock: Clock,
    private readonly tableClock: TableClock,
    private readonly counters: Counters,
    private readonly log: Log,
  ) {}

  /** Resolves when every row is written; rejects, after all were tried, when one could not be. */
  async revalidate(tags: readonly string[], revalidation: Revalidation): Promise<void> {
    // All begin in this turn, so that the calls of the other handlers join them; how many run at once is bounded below.
    const writes = await Promise.allSettled([...new Set(tags)].map((tag) => this.revalidateOne(tag, revalidation)));
    const failed = writes.find((write) => write.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** Writes one row and returns it as it is then. */
  revalidateOne(tag: string, revalidation: Revalidation): Promise<TagRow> {
    const call = JSON.stringify([tag, revalidation]);
    const joined = this.pending.get(call);
    if (joined !== undefined) return joined;
    const write = this.inTurn(() => this.write(tag, revalidation));
    this.pending.set(call, write);
    // Only calls of the same turn are one: a later call must be a later write. Next makes its calls without awaiting in between.
    queueMicrotask(() => this.pending.delete(call));
    return write;
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.running >= CONCURRENCY) await new Promise<void>((resolve) => this.queue.push(resolve));
    else this.running += 1;
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }

  private async write(tag: string, revalidation: Revalidation): Promise<TagRow> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        // A stamp by a clock that was never compared may lie where no reader looks any more.
        if (!this.tableClock.known) await this.store.rowsOf([tag], this.timeout);
        const stamp = { at: this.tableClock.now(), timeout: this.timeout };
        const row = await this.store.revalidate(tag, revalidation, stamp, this.index.find(tag));
        // This replica reads its own writes.
        this.index.apply(row);
        this.counters.count('tag.revalidated');
        return row;
      } catch (error) {
        if (attempt >= attemptsAt(error) || isRefusal(error)) {
          this.counters.count('tag.failed');
          this.log.error('cache.tagWriteFailed', { tag, attempts: attempt, reason: String(error) });
          throw error;
        }
        const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1));
        await sleep(this.clock, pause * (0.5 + Math.random()));
      }
    }
  }
}

function attemptsAt(error: unknown): number {
  return error instanceof StoreError && error.failure === 'throttled' ? ATTEMPTS_THROTTLED : ATTEMPTS;
}
