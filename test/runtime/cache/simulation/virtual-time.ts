import type { Clock } from '../../../../runtime/cache/clock';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Work that takes longer than this never ends, in milliseconds. */
const LONGEST = 3_600_000;

/** Made once: most signals fire long after their call, and nobody listens. */
const TIMED_OUT = new DOMException('The operation was aborted due to timeout', 'TimeoutError');

/** Time that passes only when everything that was due has happened: a simulated minute takes no time, and is the same each time. */
export class VirtualTime {
  now = 0;
  private events: Event[] = [];
  private order = 0;
  private readonly real = new Set<Promise<unknown>>();

  /** Calls `run` after `delay` virtual milliseconds; the returned function cancels. */
  after(delay: number, run: () => void): () => void {
    const event = { at: this.now + Math.max(0, delay), order: this.order++, run };
    let position = this.events.length;
    while (position > 0 && isLater(this.events[position - 1], event)) position -= 1;
    this.events.splice(position, 0, event);
    return () => {
      const found = this.events.indexOf(event);
      if (found >= 0) this.events.splice(found, 1);
    };
  }

  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => this.after(delay, resolve));
  }

  /** Work of the real world, which takes no virtual time: a call of an embedded server. */
  async outside<Result>(work: Promise<Result>): Promise<Result> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.real.add(settled);
    try {
      return await work;
    } finally {
      this.real.delete(settled);
    }
  }

  /** `AbortSignal.timeout` by this time. */
  abortAfter(delay: number): AbortSignal {
    const controller = new AbortController();
    this.after(delay, () => {
      controller.abort(TIMED_OUT);
    });
    return controller.signal;
  }

  /** A replica's clock: wrong by `offset`. */
  clock(offset: number, epoch: number): Clock {
    return {
      now: () => epoch + this.now + offset,
      monotonic: () => this.now,
      schedule: (delay, callback) => this.after(delay, callback),
      defer: (callback) => this.after(0, callback),
    };
  }

  /** Lets time pass until `done` has settled. */
  async run<Result>(done: Promise<Result>): Promise<Result> {
    const state = { settled: false };
    const finished = done.finally(() => {
      state.settled = true;
    });
    finished.catch(() => undefined);
    await this.turn();
    while (!state.settled) {
      const event = this.events.shift();
      if (event === undefined) throw new Error('simulation: nothing is left to happen, and the work has not finished');
      if (event.at > LONGEST) throw new Error('simulation: an hour has passed, and the work has not finished');
      this.now = Math.max(this.now, event.at);
      event.run();
      await this.turn();
    }
    return finished;
  }

  /** All promises that can settle without time passing have settled: a tick comes after them. */
  private async turn(): Promise<void> {
    await nextTick();
    while (this.real.size > 0) {
      await Promise.all(this.real);
      await nextTick();
    }
  }
}

/** Sorted by time, then by order of scheduling. */
function isLater(event: Event | undefined, other: Event): boolean {
  return event !== undefined && (event.at > other.at || (event.at === other.at && event.order > other.order));
}

function nextTick(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
