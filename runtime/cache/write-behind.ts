import type { Clock } from './clock';

/** One thing to be written; `size` counts against the bound. */
interface Write {
  readonly size: number;
  readonly work: () => Promise<void>;
}

const CONCURRENCY = 8;

/**
 * Writes after the answer has left: `set` never blocks a response. Bounded, so that a slow store does not fill the memory; a newer
 * write for a key takes the place of one that still waits.
 */
export class WriteBehind {
  private readonly waiting = new Map<string, Write>();
  private readonly running = new Map<string, Promise<void>>();
  private waitingBytes = 0;
  private idle: (() => void)[] = [];

  constructor(
    private readonly capacity: number,
    private readonly clock: Clock,
    private readonly onDropped: (key: string) => void,
  ) {}

  get pending(): number {
    return this.waiting.size + this.running.size;
  }

  /** Queues a write; `work` must not reject. */
  add(key: string, size: number, work: () => Promise<void>): void {
    this.forget(key);
    this.waiting.set(key, { size, work });
    this.waitingBytes += size;
    while (this.waitingBytes > this.capacity && this.waiting.size > 0) this.dropOldest();
    this.pump();
  }

  /** Resolves when nothing is waiting or being written. */
  flush(): Promise<void> {
    if (this.pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private pump(): void {
    for (const [key, write] of this.waiting) {
      if (this.running.size >= CONCURRENCY) return;
      // Two writes for one key would race each other's condition.
      if (this.running.has(key)) continue;
      this.forget(key);
      this.running.set(key, this.run(key, write));
    }
    if (this.pending === 0) this.becomeIdle();
  }

  private async run(key: string, write: Write): Promise<void> {
    // Not in the caller's turn: encoding a large entry would still hold up the answer.
    await new Promise<void>((resolve) => {
      this.clock.defer(resolve);
    });
    await write.work();
    this.running.delete(key);
    this.pump();
  }

  private dropOldest(): void {
    const oldest = this.waiting.keys().next();
    if (oldest.done === true) return;
    this.forget(oldest.value);
    this.onDropped(oldest.value);
  }

  private forget(key: string): void {
    const write = this.waiting.get(key);
    if (write === undefined) return;
    this.waiting.delete(key);
    this.waitingBytes -= write.size;
  }

  private becomeIdle(): void {
    const waiters = this.idle;
    this.idle = [];
    for (const resolve of waiters) resolve();
  }
}
