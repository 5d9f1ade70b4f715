import type { Cache } from '../../../../runtime/cache';
import type { Clock } from '../../../../runtime/cache/clock';
import type { UseCacheEntry } from '../../../../runtime/cache/plural-handler';
import type { Presented } from '../../../../runtime/cache/presenter';
import type { GetContext } from '../../../../runtime/cache/singular-handler';
import { BORROWED, softTagsOf, tagsOfDatum, valueOf, type Content, type Datum, type Page } from './app';
import { PREVIEW_MODE_ID, type Build, type World } from './world';

export interface Rendered {
  readonly content: Content;
  readonly headers: Readonly<Record<string, unknown>> | undefined;
  /** When the oldest work began that went into it, where that was work of another request. */
  readonly since: number;
}

interface Joined<Result> {
  readonly since: number;
  /** The soft tags of whoever began it. */
  readonly softTags: readonly string[];
  readonly result: Promise<Result>;
}

/** What a render reads with, and how old what it has used is. */
interface Render {
  readonly handler: Handler;
  readonly softTags: readonly string[];
  since: number;
  borrowed: boolean;
}

type Handler = InstanceType<Cache['handlers']['FetchCache']>;

const YEAR = 31_536_000;
const LIFETIME = { revalidate: YEAR, expire: YEAR };

/**
 * As much of Next 16.4 as decides what is read, joined, rendered and set: its response cache, `fetch` and `'use cache'`.
 * https://github.com/vercel/next.js/tree/v16.2.0/packages/next/src/server/response-cache
 */
export class Next {
  /** Requests, on-demand ones apart, and renders, on-demand ones and others together, by page: Next's two batchers. */
  private readonly requests = new Map<string, Joined<Rendered>>();
  private readonly renders = new Map<string, Joined<Rendered>>();
  private readonly invocations = new Map<string, Joined<Content>>();

  constructor(
    private readonly world: World,
    private readonly cache: Cache,
    private readonly clock: Clock,
    private readonly build: Build,
  ) {}

  /** A request: joined, served, regenerated behind the answer, or rendered first. */
  async request(page: Page): Promise<Rendered> {
    const joined = this.requests.get(page.name) ?? this.join(this.requests, page.name, this.answer(page));
    const { content, headers, since } = await joined.result;
    return { content, headers, since: Math.min(joined.since, since) };
  }

  /** `res.revalidate()`: a request which has to be rendered, or to join a render. Returns since when it, or the one it joined, runs. */
  async revalidatePage(page: Page): Promise<number> {
    const key = `${page.name} on demand`;
    const joined = this.requests.get(key) ?? this.join(this.requests, key, this.answerOnDemand(page));
    await joined.result;
    return joined.since;
  }

  async revalidateTag(tag: string, durations?: { expire?: number }): Promise<void> {
    const plural = this.cache.handlers.DefaultCache.updateTags([tag], durations);
    await Promise.all([plural, this.handler({}).revalidateTag([tag], durations)]);
  }

  private async answer(page: Page): Promise<Rendered> {
    const handler = this.handler({});
    const found = await handler.get(page.name, contextOf(page));
    if (!found?.value || found.lastModified === -1) return this.regenerate(page, handler, found);
    const period = found.cacheControl?.revalidate;
    const stale = typeof period === 'number' && found.lastModified + period * 1000 < this.clock.now();
    if (stale) this.regenerate(page, handler, found).catch(() => undefined);
    const content = JSON.parse(String(found.value.html)) as Content;
    const headers = page.kind === 'PAGES' ? undefined : found.value.headers;
    return { content, headers, since: Number.POSITIVE_INFINITY };
  }

  private async answerOnDemand(page: Page): Promise<Rendered> {
    const handler = this.handler({ 'x-prerender-revalidate': PREVIEW_MODE_ID });
    const previous = await handler.get(page.name, contextOf(page));
    return this.regenerate(page, handler, previous);
  }

  private async regenerate(page: Page, handler: Handler, previous: Presented | null): Promise<Rendered> {
    const joined =
      this.renders.get(page.name) ?? this.join(this.renders, page.name, this.renderAndSet(page, handler, previous));
    const rendered = await joined.result;
    return { ...rendered, since: Math.min(rendered.since, joined.since) };
  }

  private async renderAndSet(page: Page, handler: Handler, previous: Presented | null): Promise<Rendered> {
    try {
      return await this.render(page, handler);
    } catch (error) {
      if (previous?.cacheControl !== undefined) {
        const revalidate = Math.min(Math.max(Number(previous.cacheControl.revalidate) || 3, 3), 30);
        const { expire } = previous.cacheControl;
        const cacheControl = {
          revalidate,
          expire: expire === undefined ? undefined : Math.max(revalidate + 3, expire),
        };
        await handler.set(page.name, previous.value, { ...contextOf(page), cacheControl });
      }
      throw error;
    }
  }

  private async render(page: Page, handler: Handler): Promise<Rendered> {
    const { random, time, reference, failing } = this.world;
    const softTags = softTagsOf(page);
    const render: Render = { handler, softTags, since: Number.POSITIVE_INFINITY, borrowed: false };
    let content = reference.read(page.untagged);
    for (const datum of page.data) {
      await time.sleep(random.between(0, 40));
      content = older(content, await (datum.kind === 'fetch' ? this.fetch(datum, render) : this.invoke(datum, render)));
    }
    // Now and then a render takes longer than anything else.
    await time.sleep(random.chance(0.1) ? random.between(500, 5000) : random.between(0, 60));
    if (random.chance(failing)) throw new Error('simulation: the render failed');
    if (render.borrowed) content = { ...content, [BORROWED]: 1 };
    const value = valueOf(page, content);
    await handler.set(page.name, value, { ...contextOf(page), cacheControl: LIFETIME });
    return { content, headers: page.kind === 'PAGES' ? undefined : value.headers, since: render.since };
  }

  /** patch-fetch, where the answer is to be kept: a datum that is told stale is awaited anew. */
  private async fetch(datum: Datum, render: Pick<Render, 'handler' | 'softTags'>): Promise<Content> {
    const { handler, softTags } = render;
    const tags = [...datum.sources];
    const found = await handler.get(datum.name, { kind: 'FETCH', tags, softTags, revalidate: YEAR });
    if (found?.value && this.clock.now() - found.lastModified <= YEAR * 1000) {
      const { body } = found.value.data as { body: string };
      return JSON.parse(body) as Content;
    }
    const content = await this.readSources(datum);
    const data = { body: JSON.stringify(content), headers: {}, status: 200, url: '' };
    await handler.set(datum.name, { kind: 'FETCH', data, revalidate: YEAR }, { fetchCache: true, tags });
    return content;
  }

  /** 'use cache': concurrent invocations are joined, across requests and without asking the handler, until the entry is written. */
  private async invoke(datum: Datum, render: Render): Promise<Content> {
    const joined = this.invocations.get(datum.name);
    if (joined === undefined) {
      return this.join(this.invocations, datum.name, this.lookUp(datum, render), render.softTags).result;
    }
    if (joined.softTags.join() !== render.softTags.join()) render.borrowed = true;
    render.since = Math.min(render.since, joined.since);
    return joined.result;
  }

  private async lookUp(datum: Datum, { handler, softTags }: Render): Promise<Content> {
    const { DefaultCache } = this.cache.handlers;
    await DefaultCache.refreshTags();
    const found = await DefaultCache.get(datum.name, softTags);
    if (found !== undefined && this.clock.now() <= found.timestamp + found.revalidate * 1000) {
      return JSON.parse(await textOf(found.value)) as Content;
    }
    const timestamp = this.clock.now();
    const content = await this.generate(datum, handler, softTags);
    const value = streamOf(JSON.stringify(content));
    const entry = { value, tags: tagsOfDatum(datum), stale: 300, timestamp, expire: YEAR, revalidate: YEAR };
    await DefaultCache.set(datum.name, Promise.resolve(entry));
    return content;
  }

  /**
   * Still in the context of the request that began it: the clean snapshot that Next generates in is taken where its work begins.
   * https://github.com/vercel/next.js/blob/v16.2.0/packages/next/src/server/async-storage/work-store.ts, `runInCleanSnapshot`
   */
  private async generate(datum: Datum, handler: Handler, softTags: readonly string[]): Promise<Content> {
    const fetched = datum.over === undefined ? {} : await this.fetch(datum.over, { handler, softTags });
    return older(await this.readSources(datum), fetched);
  }

  /** The origin: sources are read at some moment between request and answer. */
  private async readSources(datum: Datum): Promise<Content> {
    const { random, time, reference } = this.world;
    await time.sleep(random.between(1, random.chance(0.15) ? 2500 : 60));
    const content = reference.read(datum.sources);
    await time.sleep(random.between(1, 60));
    return content;
  }

  private join<Result>(
    running: Map<string, Joined<Result>>,
    key: string,
    work: Promise<Result>,
    softTags: readonly string[] = [],
  ): Joined<Result> {
    const result = work.finally(() => running.delete(key));
    const joined = { since: this.world.time.now, softTags, result };
    running.set(key, joined);
    return joined;
  }

  private handler(headers: Record<string, string>): Handler {
    const { scenario } = this.world;
    const options = scenario.prerendered ? { fs: this.build.files, serverDistDir: this.build.namespace } : {};
    return new this.cache.handlers.FetchCache({ ...options, _requestHeaders: headers });
  }
}

/** Content made of two: where both have a source, what a reader sees of it is as old as the older. */
function older(one: Content, other: Content): Content {
  const merged = { ...one };
  for (const [source, edition] of Object.entries(other)) merged[source] = Math.min(edition, merged[source] ?? edition);
  return merged;
}

function contextOf({ kind }: Page): GetContext {
  return { kind, isFallback: false, isRoutePPREnabled: false };
}

function streamOf(text: string): UseCacheEntry['value'] {
  return new ReadableStream({
    start: (controller) => {
      controller.enqueue(Buffer.from(text));
      controller.close();
    },
  });
}

async function textOf(stream: UseCacheEntry['value']): Promise<string> {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) chunks.push(chunk.value);
  return Buffer.concat(chunks).toString();
}
