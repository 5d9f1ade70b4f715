import type { Clock } from '../../../../runtime/cache/clock';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that passes only when everything that was due has happened: a simulated minute takes no time, and is the same each time. */
export class VirtualTime {
  now = 0;
  private events: Event[] = [];
  private order = 0;

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
    await turn();
    while (!state.settled) {
      const event = this.events.shift();
      if (event === undefined) throw new Error('simulation: nothing is left to happen, and the work has not finished');
      this.now = Math.max(this.now, event.at);
      event.run();
      await turn();
    }
    return finished;
  }
}

/** Sorted by time, then by order of scheduling. */
function isLater(event: Event | undefined, other: Event): boolean {
  return event !== undefined && (event.at > other.at || (event.at === other.at && event.order > other.order));
}

/** All promises that can settle without time passing have settled. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
