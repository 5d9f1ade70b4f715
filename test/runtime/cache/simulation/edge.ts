import type { Content, Page } from './app';
import type { Random } from './random';
import type { Reference } from './reference';
import type { VirtualTime } from './virtual-time';

/** An answer that says the edge may keep it for long. */
export interface KeptAnswer {
  readonly content: Content;
  readonly tags: readonly string[];
  readonly leftAt: number;
}

/** How much longer than window and slack a purge may take, in milliseconds. */
const PURGE_TAKES = 500;

/**
 * The CDN: keeps what it may until the tag's row changes and the purge follows, which waits for window and slack first. An answer
 * that leaves later than that with old content would stay.
 */
export class Edge {
  private readonly kept = new Map<Page, KeptAnswer>();

  constructor(
    private readonly time: VirtualTime,
    private readonly random: Random,
    private readonly reference: Reference,
    /** Window and slack, in milliseconds. */
    private readonly patience: number,
  ) {}

  keep(page: Page, answer: KeptAnswer): void {
    this.kept.set(page, answer);
    this.check();
  }

  /** A tag's row was written. */
  changed(tag: string): void {
    this.time.after(this.patience + this.random.between(1, PURGE_TAKES), () => {
      for (const [page, answer] of this.kept) if (answer.tags.includes(tag)) this.kept.delete(page);
    });
  }

  /** A revalidation has succeeded: in a while nothing older is kept. */
  revalidated(): void {
    this.time.after(this.patience + PURGE_TAKES + 1, () => {
      this.check();
    });
  }

  private check(): void {
    const { now } = this.time;
    for (const [page, { content, leftAt }] of this.kept) {
      const where = `kept by the edge at ${String(now)} since ${String(leftAt)}`;
      this.reference.check(page, content, now - this.patience - PURGE_TAKES, where);
    }
  }
}
