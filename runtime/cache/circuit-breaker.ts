import type { Clock } from './clock';

/** The store failed lately and is not asked. */
export class CircuitOpen extends Error {
  constructor(readonly service: string) {
    super(`cdk-nextjs-ecs cache: ${service} failed lately and is not asked for a while`);
    this.name = 'CircuitOpen';
  }
}

/** Failures in a row after which a store counts as down. */
const TOLERATED_FAILURES = 3;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

/**
 * Stops asking a store that is down. While it is open calls fail at once; from time to time one of them is sent after all, but its
 * caller does not wait for it: no request pays for finding out whether the store is back.
 */
export class CircuitBreaker {
  private failures = 0;
  private pause = FIRST_PAUSE;
  private nextTrial = 0;
  private open = false;
  private trying = false;
  private openSince = Number.NEGATIVE_INFINITY;
  /** When the latest call that the store has answered began. */
  private answeredSince = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly service: string,
    private readonly clock: Clock,
    private readonly onChange: (open: boolean) => void,
    /** Whether an error says that the store is down, rather than that it does not want this call. */
    private readonly isOutage: (error: unknown) => boolean = () => true,
  ) {}

  get isOpen(): boolean {
    return this.open;
  }

  run<Result>(call: () => Promise<Result>): Promise<Result> {
    if (!this.open) return this.watch(call);
    if (!this.trying && this.clock.monotonic() >= this.nextTrial) this.try(call);
    return Promise.reject(new CircuitOpen(this.service));
  }

  /**
   * Calls though the store may be down: for what nobody waits for. An answer tells as well as a trial that the store is back; failures
   * do not count, because a store that takes no writes may well be read.
   */
  async insist<Result>(call: () => Promise<Result>): Promise<Result> {
    const startedAt = this.clock.monotonic();
    const result = await call();
    this.answered(startedAt);
    return result;
  }

  /** A caller gave up waiting: as good a sign of a store that hangs as the call's own timeout, and earlier. */
  gaveUp(): void {
    this.failed();
  }

  private async watch<Result>(call: () => Promise<Result>): Promise<Result> {
    const startedAt = this.clock.monotonic();
    try {
      const result = await call();
      this.answered(startedAt);
      return result;
    } catch (error) {
      if (!this.isOutage(error)) this.answered(startedAt);
      // What hung before the store came back times out when it has long been back.
      else if (startedAt >= this.answeredSince) this.failed();
      throw error;
    }
  }

  private try<Result>(call: () => Promise<Result>): void {
    this.trying = true;
    this.watch(call).then(
      () => {
        this.trying = false;
      },
      () => {
        this.trying = false;
      },
    );
  }

  private answered(startedAt: number): void {
    // What began before the store failed says nothing of now.
    if (this.open && startedAt < this.openSince) return;
    this.answeredSince = Math.max(this.answeredSince, startedAt);
    this.failures = 0;
    this.pause = FIRST_PAUSE;
    if (!this.open) return;
    this.open = false;
    this.onChange(false);
  }

  private failed(): void {
    this.failures += 1;
    if (this.failures < TOLERATED_FAILURES) return;
    this.nextTrial = this.clock.monotonic() + this.pause;
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE);
    if (this.open) return;
    this.open = true;
    this.openSince = this.clock.monotonic();
    this.onChange(true);
  }
}
