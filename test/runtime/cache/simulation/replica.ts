import { AsyncLocalStorage } from 'node:async_hooks';

import { createCache, type Cache } from '../../../../runtime/cache';
import type { Clock } from '../../../../runtime/cache/clock';
import type { GetContext } from '../../../../runtime/cache/singular-handler';
import type { UseCacheEntry } from '../../../../runtime/cache/plural-handler';
import { decodeVerdict } from '../../../../runtime/cache/verdict';
import type { Configuration } from '../../../../runtime/configuration';
import type { RequestContext } from '../../../../runtime/http/context';
import { silentLog } from '../../../../runtime/log';
import { Header, type BundleFacts } from '../../../../contract';
import type { Random } from './random';
import { SimulatedLink, type SharedStores } from './simulated-link';
import type { VirtualTime } from './virtual-time';

/** What an answer was made of: for each source the number of the edition that was read. */
export type Content = Readonly<Record<string, number>>;

/** A datum that pages are made of; its content is its sources', read at one moment. */
export interface Datum {
  readonly name: string;
  readonly kind: 'fetch' | 'use-cache';
  readonly sources: readonly string[];
}

export interface Page {
  readonly name: string;
  readonly data: readonly Datum[];
  /** Sources that the page reads by itself, without tags, as Pages Router pages do: only `res.revalidate()` renews them. */
  readonly untagged: readonly string[];
}

/** An answer as it leaves the replica. */
export interface Answer {
  readonly content: Content;
  /** The edge may keep it for long. */
  readonly kept: boolean;
  /** Since when the request counts for what it is promised: when it came, or when the render began that it was joined to. */
  readonly since: number;
  readonly leftAt: number;
}

export interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly shared: SharedStores;
  readonly epoch: number;
  /** The present edition of each source. */
  readonly editions: Map<string, number>;
  readonly appDirectory: string;
  readonly previewModeId: string;
}

interface Rendered {
  readonly content: Content;
  readonly headers: Record<string, unknown> | undefined;
  /** When the oldest work began that went into it, where that was work of another request. */
  readonly since: number;
}

interface Joined {
  readonly since: number;
  readonly answer: Promise<Rendered>;
}

interface Invocation {
  readonly since: number;
  readonly content: Promise<Content>;
}

const YEAR = 31_536_000;

/** One replica: the cache as it is, and in front of it as much of Next as decides what is read, rendered and set. */
export class Replica {
  readonly cache: Cache;
  readonly link: SimulatedLink;
  alive = true;
  private readonly contexts = new AsyncLocalStorage<RequestContext>();
  private readonly pages = new Map<string, Joined>();
  private readonly renders = new Map<string, Joined>();
  private readonly invocations = new Map<string, Invocation>();
  private readonly clock: Clock;
  readonly ready: Promise<void>;

  constructor(
    private readonly world: World,
    configuration: Configuration,
    clockOffset: number,
  ) {
    const clock = world.time.clock(clockOffset, world.epoch);
    this.clock = clock;
    this.link = new SimulatedLink(world.time, world.random, world.shared, clock, world.epoch);
    this.cache = createCache(configuration, {
      facts: {
        nextVersion: '16.4.6',
        namespace: 'build',
        buildTime: world.epoch,
        server: { distDirectory: '.next' },
      } as BundleFacts,
      appDirectory: world.appDirectory,
      requestContext: () => this.contexts.getStore(),
      log: silentLog,
      clock,
      stores: (tableClock) => this.link.stores(tableClock),
    });
    this.ready = this.cache.mirror.start();
  }

  kill(): void {
    this.alive = false;
    this.link.kill();
    this.cache.close();
  }

  /** A request for a page, as Next's response cache treats it: joined, served, regenerated behind the answer, or rendered first. */
  async request(page: Page): Promise<Answer> {
    const arrivedAt = this.world.time.now;
    return this.inContext(async (context) => {
      let joined = this.pages.get(page.name);
      if (joined === undefined) {
        const answer = this.answer(page).finally(() => this.pages.delete(page.name));
        joined = { since: arrivedAt, answer };
        this.pages.set(page.name, joined);
      }
      const { content, headers, since } = await joined.answer;
      return {
        content,
        kept: this.isKept(headers, context),
        since: Math.min(joined.since, since),
        leftAt: this.world.time.now,
      };
    });
  }

  /** `res.revalidate()`. */
  async revalidatePage(page: Page): Promise<void> {
    await this.inContext(async (context) => {
      const handler = this.handler({ 'x-prerender-revalidate': this.world.previewModeId });
      await handler.get(page.name, contextOf('PAGES'));
      await this.render(page, handler);
      if (context.failedTagWrite !== undefined) throw context.failedTagWrite.error;
    });
  }

  async revalidateTag(tag: string, durations?: { expire?: number }): Promise<void> {
    await this.inContext(async () => {
      const handler = this.handler({});
      const plural = this.cache.handlers.DefaultCache.updateTags([tag], durations);
      await Promise.all([plural, handler.revalidateTag([tag], durations)]);
    });
  }

  private async answer(page: Page): Promise<Rendered> {
    const handler = this.handler({});
    const found = await handler.get(page.name, contextOf('APP_PAGE'));
    const now = this.clock.now();
    const period = found?.cacheControl?.revalidate;
    if (!found?.value || found.lastModified === -1) return this.joinRender(page, handler);
    const stale = typeof period === 'number' && found.lastModified + period * 1000 < now;
    if (stale) void this.joinRender(page, handler).catch(() => undefined);
    const content = JSON.parse(String(found.value.html)) as Content;
    return { content, headers: found.value.headers, since: Number.POSITIVE_INFINITY };
  }

  private async joinRender(page: Page, handler: ReturnType<Replica['handler']>): Promise<Rendered> {
    const running = this.renders.get(page.name);
    if (running !== undefined) {
      const rendered = await running.answer;
      return { ...rendered, since: Math.min(rendered.since, running.since) };
    }
    const answer = this.render(page, handler).finally(() => this.renders.delete(page.name));
    this.renders.set(page.name, { since: this.world.time.now, answer });
    return answer;
  }

  private async render(page: Page, handler: ReturnType<Replica['handler']>): Promise<Rendered> {
    const { random, time, editions } = this.world;
    const content: Record<string, number> = {};
    const tags = new Set<string>();
    let since = Number.POSITIVE_INFINITY;
    const softTags = [`_N_T_/${page.name}`];
    for (const source of page.untagged) content[source] = editions.get(source) ?? 0;
    for (const datum of page.data) {
      await time.sleep(random.between(0, 40));
      const joined = this.invocations.get(datum.name);
      if (datum.kind === 'use-cache' && joined !== undefined) since = Math.min(since, joined.since);
      const read = datum.kind === 'fetch' ? this.fetch(datum, handler, softTags) : this.invoke(datum, softTags);
      for (const [source, edition] of Object.entries(await read)) {
        content[source] = edition;
        tags.add(source);
      }
    }
    // Now and then a render takes longer than anything else.
    await time.sleep(random.chance(0.1) ? random.between(500, 5000) : random.between(0, 60));
    const headers = { 'x-next-cache-tags': [...tags, ...softTags].join(',') };
    const value = {
      kind: 'APP_PAGE',
      html: JSON.stringify(content),
      rscData: Buffer.from('rsc'),
      headers: headers as Record<string, unknown>,
    };
    await handler.set(page.name, value, { ...contextOf('APP_PAGE'), cacheControl: { revalidate: YEAR, expire: YEAR } });
    return { content, headers: value.headers, since };
  }

  /** patch-fetch, where the answer is to be kept: a datum that is told stale is awaited anew. */
  private async fetch(datum: Datum, handler: ReturnType<Replica['handler']>, softTags: string[]): Promise<Content> {
    const tags = [...datum.sources];
    const found = await handler.get(datum.name, { kind: 'FETCH', tags, softTags, revalidate: YEAR });
    if (found !== null && this.clock.now() - found.lastModified <= YEAR * 1000) {
      const { data } = found.value as unknown as { data: { body: string } };
      return JSON.parse(data.body) as Content;
    }
    const content = await this.readSources(datum);
    const value = {
      kind: 'FETCH',
      data: { body: JSON.stringify(content), headers: {}, status: 200, url: '' },
      revalidate: YEAR,
    };
    await handler.set(datum.name, value, { fetchCache: true, tags });
    return content;
  }

  /** 'use cache': concurrent invocations are joined, across requests and without asking the handler. */
  private invoke(datum: Datum, softTags: string[]): Promise<Content> {
    const joined = this.invocations.get(datum.name);
    if (joined !== undefined) return joined.content;
    const content = this.generate(datum, softTags).finally(() => this.invocations.delete(datum.name));
    this.invocations.set(datum.name, { since: this.world.time.now, content });
    return content;
  }

  private async generate(datum: Datum, softTags: string[]): Promise<Content> {
    const { DefaultCache } = this.cache.handlers;
    await DefaultCache.refreshTags();
    const found = await DefaultCache.get(datum.name, softTags);
    if (found !== undefined && this.clock.now() <= found.timestamp + found.revalidate * 1000) {
      return JSON.parse(await new Response(found.value).text()) as Content;
    }
    const timestamp = this.clock.now();
    const content = await this.readSources(datum);
    const value = new Response(JSON.stringify(content)).body as UseCacheEntry['value'];
    const entry = { value, tags: [...datum.sources], stale: 300, timestamp, expire: YEAR, revalidate: YEAR };
    await DefaultCache.set(datum.name, Promise.resolve(entry));
    return content;
  }

  /** The origin: sources are read at some moment between request and answer. */
  private async readSources(datum: Datum): Promise<Content> {
    const { random, time, editions } = this.world;
    await time.sleep(random.between(1, random.chance(0.15) ? 2500 : 60));
    const content = Object.fromEntries(datum.sources.map((source) => [source, editions.get(source) ?? 0]));
    await time.sleep(random.between(1, 60));
    return content;
  }

  /** The policy's three conditions. */
  private isKept(headers: Record<string, unknown> | undefined, context: RequestContext): boolean {
    const verdict =
      decodeVerdict(headers?.[Header.VERDICT]) ?? context.verdicts.find(({ kind }) => kind === 'APP_PAGE');
    if (verdict === undefined) return false;
    const { fresh, moved } = this.cache.judge(verdict);
    return fresh && !moved && this.cache.mirror.current();
  }

  private handler(headers: Record<string, string>) {
    return new this.cache.handlers.FetchCache({ _requestHeaders: headers });
  }

  private inContext<Result>(work: (context: RequestContext) => Promise<Result>): Promise<Result> {
    const context: RequestContext = {
      requestId: '',
      startedAt: this.clock.now(),
      verdicts: [],
      holdAnswerFor: () => undefined,
    };
    return this.contexts.run(context, () => work(context));
  }
}

function contextOf(kind: string): GetContext {
  return { kind, isFallback: false, isRoutePPREnabled: false };
}
