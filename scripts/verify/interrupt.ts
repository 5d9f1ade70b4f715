import { PART } from './options';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/** A terminal and npm both hand on one Ctrl-C: what comes so soon after the first, in milliseconds, is the same. */
const SAME = 1_000;

/** The user has asked to end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Ctrl-C: the first one aborts the signal, so that what was made can be taken away again; the second one ends at once. */
export class Interrupt {
  private readonly controller = new AbortController();
  private firstAt?: number;
  /** What to say when the second one leaves everything where it is. */
  farewell = `${PART}: ended`;

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.hear);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  dispose(): void {
    for (const signal of SIGNALS) process.off(signal, this.hear);
  }

  private readonly hear = (): void => {
    const now = performance.now();
    if (this.firstAt === undefined) {
      this.firstAt = now;
      this.controller.abort(new Interrupted(`${PART}: interrupted`));
    } else if (now - this.firstAt > SAME) {
      process.stderr.write(`\n${this.farewell}\n`);
      process.exit(130);
    }
  };
}
