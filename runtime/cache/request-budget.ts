import type { Clock } from './clock';

/** The request has waited for the stores as long as it may. */
export class BudgetExhausted extends Error {
  constructor() {
    super('cdk-nextjs-ecs cache: the request has used up its budget for waiting on stores');
    this.name = 'BudgetExhausted';
  }
}

/**
 * How long one request still waits for stores, whatever it asks of them. Waits at the same time count once: a page that reads ten
 * fetches in parallel waits for the slowest.
 */
export class RequestBudget {
  private spent = 0;
  private waiting = 0;
  private waitingSince = 0;

  /** @param renewed whether each wait has the whole budget: for work that no request waits for */
  constructor(
    private readonly total: number,
    private readonly clock: Clock,
    private readonly renewed = false,
  ) {}

  get remaining(): number {
    const running = this.waiting > 0 ? this.clock.monotonic() - this.waitingSince : 0;
    return Math.max(0, this.total - this.spent - running);
  }

  /** The result of `work`, or {@link BudgetExhausted}; the work itself goes on, for others may wait for it too. */
  async wait<Result>(work: Promise<Result>): Promise<Result> {
    const remaining = this.remaining;
    // What nobody waits for any more must not end the process when it fails.
    work.catch(() => undefined);
    if (remaining <= 0) throw new BudgetExhausted();
    this.begin();
    try {
      return await new Promise<Result>((resolve, reject) => {
        const cancel = this.clock.schedule(remaining, () => {
          reject(new BudgetExhausted());
        });
        work.then(resolve, reject).finally(cancel);
      });
    } finally {
      this.end();
    }
  }

  private begin(): void {
    if (this.waiting === 0) this.waitingSince = this.clock.monotonic();
    this.waiting += 1;
  }

  private end(): void {
    this.waiting -= 1;
    if (this.waiting === 0 && !this.renewed) this.spent += this.clock.monotonic() - this.waitingSince;
  }
}
