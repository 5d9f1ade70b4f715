const SECOND = 1000;

/**
 * A rate limit: a bucket that fills up in a second.
 *
 * One request may take more than is in it; the bucket then owes the rest, and later requests wait for that. So whoever keeps to the rate on
 * average is never refused, however large his pieces are.
 */
export class TokenBucket {
  private level: number;
  private filledAt: number;

  constructor(
    private readonly perSecond: number,
    private readonly now: () => number,
  ) {
    this.level = perSecond;
    this.filledAt = now();
  }

  /** Whether something is left. */
  isOpen(): boolean {
    const now = this.now();
    this.level = Math.min(this.perSecond, this.level + ((now - this.filledAt) / SECOND) * this.perSecond);
    this.filledAt = now;
    return this.level > 0;
  }

  take(count: number): void {
    this.level -= count;
  }
}
