import type { Counters } from '../counters';
import type { Log } from '../log';
import type { LeaseStore } from '../stores/tag-store';
import type { Clock, TableClock } from './clock';
import type { RequestState } from './request-state';

export interface LeaseOptions {
  /** Milliseconds after which a lease that nobody released ends. */
  readonly duration: number;
  readonly timeout: number;
}

/** The right to regenerate an entry: one replica of the fleet at a time. A table that does not answer gives it to everybody. */
export class Leases {
  /** Leases of this replica: until when (monotonic) they run. */
  private readonly held = new Map<string, number>();

  constructor(
    private readonly store: LeaseStore,
    private readonly holder: string,
    private readonly options: LeaseOptions,
    private readonly clock: Clock,
    private readonly tableClock: TableClock,
    private readonly counters: Counters,
    private readonly log: Log,
  ) {}

  /** Whether this replica is regenerating the entry at this moment. */
  holds(objectKey: string): boolean {
    const until = this.held.get(objectKey);
    if (until === undefined) return false;
    if (until > this.clock.monotonic()) return true;
    this.held.delete(objectKey);
    return false;
  }

  /** Whether the caller is to regenerate the entry. */
  async take(objectKey: string, state: RequestState): Promise<boolean> {
    if (this.holds(objectKey)) return false;
    this.hold(objectKey);
    try {
      const attempt = { at: this.tableClock.now(), timeout: this.options.timeout };
      const taken = await state.budget.wait(this.store.acquire(objectKey, this.holder, this.options.duration, attempt));
      this.counters.count(taken ? 'lease.taken' : 'lease.refused');
      if (!taken) this.held.delete(objectKey);
      return taken;
    } catch (error) {
      // Better rendered twice than never.
      this.log.debug('cache.leaseFailed', { reason: String(error) });
      return true;
    }
  }

  /** Notes a regeneration that needs no lease, so that this replica does not start another one. */
  hold(objectKey: string): void {
    this.held.set(objectKey, this.clock.monotonic() + this.options.duration);
  }

  /** Ends the lease: the entry was written, or its regeneration has failed. */
  async release(objectKey: string): Promise<void> {
    if (!this.held.delete(objectKey)) return;
    try {
      await this.store.release(objectKey, this.holder, this.options.timeout);
    } catch (error) {
      // It ends by itself.
      this.log.debug('cache.leaseFailed', { reason: String(error) });
    }
  }

  /** Gives back every lease: the replica is stopping, and others need not wait for what it will not finish. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.held.keys()].map((objectKey) => this.release(objectKey)));
  }
}
