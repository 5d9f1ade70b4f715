/** The signals that ask the process to end: Ctrl-C, a process manager, a closed terminal. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

type Signal = keyof typeof SIGNALS;

/**
 * Signals so close to each other are one wish: at Ctrl-C the terminal signals us, and `npm run`, which it signals too, passes it on.
 *
 * @see https://github.com/npm/run-script/blob/main/lib/signal-manager.js
 */
const ONE_WISH = 500;

/**
 * Turns the first signal into a wish to stop, and the second into an end without delay.
 *
 * Ending at once leaves nothing behind either: the watchdog cleans up after a process that has gone.
 */
export class Shutdown {
  private waiting = false;
  private fulfil: () => void = () => undefined;
  private readonly wish = new Promise<void>((resolve) => {
    this.fulfil = resolve;
  });
  private firstAt?: number;

  constructor() {
    for (const signal of names()) process.on(signal, this.receive);
  }

  /** Fulfilled by the first signal. Before anyone waits for it, while the stack is being started, a signal ends the process. */
  async wait(): Promise<void> {
    this.waiting = true;
    await this.wish;
  }

  dispose(): void {
    for (const signal of names()) process.off(signal, this.receive);
  }

  private readonly receive = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (this.firstAt !== undefined && now - this.firstAt < ONE_WISH) return;
    if (this.firstAt !== undefined || !this.waiting) process.exit(128 + SIGNALS[signal as Signal]);
    this.firstAt = now;
    this.fulfil();
  };
}

function names(): Signal[] {
  return Object.keys(SIGNALS) as Signal[];
}
