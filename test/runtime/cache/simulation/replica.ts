import { createCache, type Cache } from '../../../../runtime/cache';
import type { Clock } from '../../../../runtime/cache/clock';
import { decodeVerdict } from '../../../../runtime/cache/verdict';
import type { Configuration } from '../../../../runtime/configuration';
import { currentRequest, runInRequest, type RequestContext } from '../../../../runtime/http/context';
import { silentLog } from '../../../../runtime/log';
import { Header, type BundleFacts } from '../../../../contract';
import type { Content, Page } from './app';
import { Next, type Rendered } from './next';
import { SimulatedLink } from './simulated-link';
import { EPOCH, type Build, type World } from './world';

/** An answer as it leaves the replica. */
export interface Answer {
  readonly content: Content;
  /** The tags under which the edge may keep it for long; none where it may not. */
  readonly keptUnder: readonly string[] | undefined;
  /** Since when the request counts for what it is promised: when it came, or when the render began that it was joined to. */
  readonly since: number;
  readonly leftAt: number;
}

/** Kinds of entries that are whole answers; the others are data within one. */
const ANSWER_KINDS = new Set(['APP_PAGE', 'PAGES']);

/** One replica: the cache as it is, and in front of it as much of Next and of the response policy as decides what is served. */
export class Replica {
  readonly cache: Cache;
  readonly link: SimulatedLink;
  readonly ready: Promise<void>;
  alive = true;
  private readonly clock: Clock;
  private readonly next: Next;

  constructor(
    private readonly world: World,
    configuration: Configuration,
    build: Build,
    clockOffset: number,
  ) {
    const { time, random, services, appDirectory } = world;
    this.clock = time.clock(clockOffset, EPOCH);
    this.link = new SimulatedLink(time, random, services.shared, this.clock, EPOCH);
    this.cache = createCache(configuration, {
      facts: {
        nextVersion: '16.4.6',
        namespace: build.namespace,
        buildTime: build.time,
        server: { distDirectory: '.next' },
      } as BundleFacts,
      appDirectory,
      requestContext: currentRequest,
      log: silentLog,
      clock: this.clock,
      stores: (tableClock) => services.storesOf(this.link, tableClock, configuration),
    });
    this.next = new Next(world, this.cache, this.clock, build);
    this.ready = this.cache.mirror.start();
  }

  kill(): void {
    this.alive = false;
    this.link.kill();
    this.cache.close();
  }

  /** A request for a page; rejects where a render fails. */
  async request(page: Page): Promise<Answer> {
    const arrivedAt = this.world.time.now;
    return this.inContext(async (context) => {
      const { content, headers, since } = await this.next.request(page);
      return {
        content,
        keptUnder: this.keptUnder(headers, context),
        since: Math.min(arrivedAt, since),
        leftAt: this.world.time.now,
      };
    });
  }

  /** `res.revalidate()`. Returns since when it runs: it may have joined another one. */
  async revalidatePage(page: Page): Promise<number> {
    return this.inContext(async (context) => {
      const since = await this.next.revalidatePage(page);
      if (context.failedTagWrite !== undefined) throw context.failedTagWrite.error;
      return since;
    });
  }

  async revalidateTag(tag: string, durations?: { expire?: number }): Promise<void> {
    await this.inContext(() => this.next.revalidateTag(tag, durations));
  }

  /** The policy's conditions (runtime/http/answer.ts): the header's verdict, else all that the context saw of answers. */
  private keptUnder(headers: Rendered['headers'], context: RequestContext): readonly string[] | undefined {
    const own = decodeVerdict(headers?.[Header.VERDICT]);
    const verdicts = own === undefined ? context.verdicts.filter(({ kind }) => ANSWER_KINDS.has(kind)) : [own];
    const stand = verdicts.every((verdict) => {
      const { fresh, moved } = this.cache.judge(verdict);
      return fresh && !moved;
    });
    const kept = verdicts.length > 0 && stand && this.cache.mirror.current();
    return kept ? verdicts.flatMap(({ tags }) => tags) : undefined;
  }

  private inContext<Result>(work: (context: RequestContext) => Promise<Result>): Promise<Result> {
    const context: RequestContext = {
      requestId: '',
      startedAt: this.clock.now(),
      routerPrefetch: false,
      verdicts: [],
      holdAnswerFor: () => undefined,
    };
    return runInRequest(context, () => work(context));
  }
}
