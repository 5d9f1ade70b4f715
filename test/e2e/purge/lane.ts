import { setTimeout as delay } from 'node:timers/promises';

import { REPRESENTATIONS } from '../checks/representations';
import type { PurgedSite, Viewed } from './purged-site';
import type { Random } from '../../runtime/cache/simulation/random';

type RequestHeaders = Readonly<Record<string, string>>;

/**
 * The edge may keep an answer that is not certain for a second; a page whose regeneration has to come first takes a few of them, and on a
 * machine with a lot to do a few times that. What is wrong stays wrong for a year.
 */
const PATIENCE = 60_000;
/** Between two looks at the edge: longer and longer, because looking is most of what a round costs. */
const FIRST_POLL = 100;
const LONGEST_POLL = 800;

/** A round that left something old at the edge. */
export class PromiseBroken extends Error {}

/** One page of a site, whose content is revalidated again and again while viewers look at it. */
export class Lane {
  private readonly data: string;
  private readonly hold: string;
  private readonly page: string;

  constructor(
    private readonly site: PurgedSite,
    private readonly key: string,
    private readonly random: Random,
    /** How long the edge may take to show what is new, in milliseconds. */
    private readonly patience = PATIENCE,
  ) {
    this.data = `/data/${key}`;
    this.hold = `/hold/${key}`;
    this.page = `/lasting/${key}`;
  }

  /** Revalidates amid viewers, some of whom wait for long renders, and waits until the edge shows the new content. */
  async round(): Promise<void> {
    const { random, site } = this;
    await this.views(random.between(1, 4));
    const isHeld = random.chance(0.25);
    if (isHeld) site.origin.hold(this.hold);
    const early = this.views(random.between(0, 3), 150);
    await delay(random.between(0, 60));
    let old = 0;
    for (let left = random.chance(0.2) ? 2 : 1; left > 0; left--) old = await this.revalidate(old);
    const late = this.views(random.between(1, 6), 900);
    // Longer than the purge waits: what was rendered before comes when the edge has long been purged.
    if (isHeld) await delay(random.between(0, 1800));
    site.origin.release(this.hold);
    await Promise.all([early, late]);
    await Promise.all(REPRESENTATIONS.map((headers) => this.untilNewerThan(old, headers)));
  }

  /** Fulfilled with the number of the latest datum that is too old from now on: what was asked for before the order was given. */
  private async revalidate(before: number): Promise<number> {
    const { random, site, key } = this;
    const old = site.origin.count(this.data);
    const order = random.pick<object>([
      { tags: [`lasting:${key}`] },
      { tags: [`lasting:${key}`], profile: 'max' },
      { path: this.page, tags: [`lasting:${key}`] },
    ]);
    try {
      await site.revalidate(order, Math.floor(random.between(0, 3)));
      return old;
    } catch {
      // The app says that it has not revalidated: nothing is promised.
      return before;
    }
  }

  private async views(count: number, within = 0): Promise<void> {
    const { random } = this;
    const view = async (): Promise<void> => {
      await delay(random.between(0, within));
      await this.site.view(this.page, random.pick(REPRESENTATIONS)).catch(() => undefined);
    };
    await Promise.all(Array.from({ length: Math.floor(count) }, view));
  }

  /** What the edge ends with is what it shows when it has nothing left to fetch. */
  private async untilNewerThan(old: number, headers: RequestHeaders): Promise<void> {
    let seen: Viewed | undefined;
    const end = performance.now() + this.patience;
    for (let poll = FIRST_POLL; performance.now() < end; poll = Math.min(LONGEST_POLL, poll * 1.5)) {
      seen = await this.site.view(this.page, headers).catch(() => undefined);
      if (seen?.status === 200 && this.numberOf(seen) > old) return;
      await delay(poll);
    }
    const { body = '', ...rest } = seen ?? {};
    throw new PromiseBroken(
      `${this.page} with ${JSON.stringify(headers)} is not newer than ${old}: ${JSON.stringify(rest)} ${body.slice(0, 300)}`,
    );
  }

  /** Which request of the origin a page's datum comes from; -1 where it shows none. */
  private numberOf({ body }: Viewed): number {
    const found = new RegExp(`${this.key}-(\\d+)(?!\\d)`).exec(body.replaceAll(`lasting ${this.key}`, ''));
    return found === null ? -1 : Number(found[1]);
  }
}
