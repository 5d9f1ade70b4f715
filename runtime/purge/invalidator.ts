import { createHash } from 'node:crypto';

import type { PurgeClock } from './clock';
import type { SendInvalidation } from './cloudfront';

/** One item of an invalidation. */
export interface PurgeItem {
  /** `#` and a tag of CloudFront's. */
  readonly item: string;
  /** What makes this purge another one than the last of the same item: a retry has the same, a later change has not. */
  readonly identity: string;
  /** Positions in the batch of the records that ask for it. */
  readonly positions: readonly number[];
  /** How many of the app's tags it purges. */
  readonly tags: number;
}

/** What became of a list of items; those in neither list were taken. */
export interface Outcome {
  /** CloudFront will never take them. */
  readonly refused: readonly PurgeItem[];
  /** The time was up; nothing behind the first of them was sent. */
  readonly late: readonly PurgeItem[];
  readonly lastError?: Error;
}

/** What was done, over all calls. */
export interface InvalidationCounts {
  invalidations: number;
  items: number;
  retries: number;
}

/**
 * Items a second that CloudFront takes from an account, and the most of one call.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
 */
const ITEMS_A_SECOND = 150;
/** A second with some room. */
const SECOND = 1100;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 20_000;

/** Sends items in calls within CloudFront's quota, in their order, and as often as the time allows. */
export class Invalidator {
  /** By when the answer came: what counts is when CloudFront received the call, which is not known, but was before. */
  private recent: { readonly at: number; readonly items: number }[] = [];

  constructor(
    private readonly send: SendInvalidation,
    private readonly clock: PurgeClock,
  ) {}

  /** @param until when to begin no further attempt (milliseconds since the epoch) */
  async invalidate(items: readonly PurgeItem[], until: number, counts: InvalidationCounts): Promise<Outcome> {
    const refused: PurgeItem[] = [];
    let lastError: Error | undefined;
    for (let start = 0; start < items.length; start += ITEMS_A_SECOND) {
      const outcome = await this.deliver(items.slice(start, start + ITEMS_A_SECOND), until, counts);
      refused.push(...outcome.refused);
      lastError = outcome.lastError ?? lastError;
      if (outcome.late.length > 0) {
        return { refused, late: [...outcome.late, ...items.slice(start + ITEMS_A_SECOND)], lastError };
      }
    }
    return { refused, late: [], lastError };
  }

  private async deliver(items: readonly PurgeItem[], until: number, counts: InvalidationCounts): Promise<Outcome> {
    for (let attempt = 0; ; attempt += 1) {
      await this.turn(items.length);
      const answer = await this.send(
        items.map(({ item }) => item),
        referenceOf(items),
      );
      this.recent.push({ at: this.clock.now(), items: items.length });
      if (answer.kind === 'taken') {
        counts.invalidations += 1;
        counts.items += items.length;
        return { refused: [], late: [] };
      }
      if (answer.kind === 'refused') return this.split(items, until, counts, answer.error);
      const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt) * (0.5 + Math.random() / 2);
      if (this.clock.now() + pause >= until) return { refused: [], late: items, lastError: answer.error };
      counts.retries += 1;
      await this.clock.sleep(pause);
    }
  }

  /** Finds the item that CloudFront does not take, so that the others are taken. */
  private async split(
    items: readonly PurgeItem[],
    until: number,
    counts: InvalidationCounts,
    error: Error,
  ): Promise<Outcome> {
    if (items.length === 1) return { refused: items, late: [], lastError: error };
    const middle = Math.ceil(items.length / 2);
    const first = await this.deliver(items.slice(0, middle), until, counts);
    if (first.late.length > 0) return { ...first, late: [...first.late, ...items.slice(middle)] };
    const second = await this.deliver(items.slice(middle), until, counts);
    return {
      refused: [...first.refused, ...second.refused],
      late: second.late,
      lastError: second.lastError ?? first.lastError,
    };
  }

  /** Waits until this many more items are within the quota of a second. */
  private async turn(items: number): Promise<void> {
    for (;;) {
      const now = this.clock.now();
      this.recent = this.recent.filter(({ at }) => at > now - SECOND);
      const [oldest] = this.recent;
      const sent = this.recent.reduce((sum, call) => sum + call.items, 0);
      if (oldest === undefined || sent + items <= ITEMS_A_SECOND) break;
      await this.clock.sleep(oldest.at + SECOND - now);
    }
  }
}

function referenceOf(items: readonly PurgeItem[]): string {
  const hash = createHash('sha256');
  for (const { item, identity } of items) hash.update(`${item} ${identity}\n`);
  return `cdk-nextjs-ecs-${hash.digest('hex').slice(0, 40)}`;
}
