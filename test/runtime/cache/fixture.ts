import { AsyncLocalStorage } from 'node:async_hooks';

import { Header, type BundleFacts } from '../../../contract';
import { createCache, type Cache } from '../../../runtime/cache';
import type { Presented } from '../../../runtime/cache/presenter';
import { decodeVerdict } from '../../../runtime/cache/verdict';
import type { Configuration } from '../../../runtime/configuration';
import type { RequestContext } from '../../../runtime/http/context';
import { isRouterPrefetch } from '../../../runtime/http/request-context';
import { silentLog } from '../../../runtime/log';
import type { Trace } from '../../../runtime/trace';
import { MapEntryStore, MapLeaseStore, MapTagStore } from '../stores/map-stores';
import { Random } from './simulation/random';
import { SimulatedLink } from './simulation/simulated-link';
import { VirtualTime } from './simulation/virtual-time';

const EPOCH = 1_800_000_000_000;

export const CONFIGURATION: Configuration = {
  bucket: 'bucket',
  table: 'table',
  site: 'site',
  window: 1000,
  slack: 2000,
  memory: 16 * 1024 * 1024,
  budget: 1000,
  skewBound: 2000,
  tagShards: 1,
  mirrorRows: 1000,
  lease: 15_000,
  leaseWait: 2000,
  writeBuffer: 1024 * 1024,
  sharedFetches: false,
  loadBalancerIdleTimeout: 60_000,
  stopTimeout: 30_000,
  logLevel: 'error',
  metrics: false,
  metricsPeriod: 60_000,
  cacheProxiedRoutes: false,
  notFoundMaxAge: 10,
  cacheTagHeader: 'x-nextjs-cache-tag',
};

/** Replicas of one site in virtual time, without Next: a test says itself what Next would ask and set. */
export class Site {
  readonly time = new VirtualTime();
  readonly shared = { entries: new MapEntryStore(), tags: new MapTagStore(), leases: new MapLeaseStore() };
  readonly epoch = EPOCH;
  private readonly random = new Random(1);

  /** @param trace hears of what the replicas' caches decide */
  constructor(
    private readonly appDirectory = '/nonexistent',
    private readonly trace?: Trace,
  ) {}

  replica(changes: Partial<Configuration> = {}, facts: Partial<BundleFacts> = {}, offset = 0): Task {
    const clock = this.time.clock(offset, EPOCH);
    const link = new SimulatedLink(this.time, this.random, this.shared, clock, EPOCH);
    const contexts = new AsyncLocalStorage<RequestContext>();
    const cache = createCache(
      { ...CONFIGURATION, ...changes },
      {
        facts: {
          nextVersion: '16.4.6',
          namespace: 'build',
          buildTime: EPOCH,
          server: { directory: '.', distDirectory: '.next', command: [] },
          ...facts,
        } as BundleFacts,
        appDirectory: this.appDirectory,
        requestContext: () => contexts.getStore(),
        log: silentLog,
        clock,
        stores: (tableClock) => link.stores(tableClock),
        trace: this.trace,
      },
    );
    return new Task(cache, link, contexts);
  }

  /** Replicas that have loaded their mirrors. */
  async replicas(count: number, changes: Partial<Configuration> = {}): Promise<Task[]> {
    const tasks = Array.from({ length: count }, () => this.replica(changes));
    await this.time.run(Promise.all(tasks.map((task) => task.cache.mirror.start())));
    return tasks;
  }

  run<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.time.run(work());
  }
}

/** One replica of a {@link Site}. */
export class Task {
  constructor(
    readonly cache: Cache,
    readonly link: SimulatedLink,
    private readonly contexts: AsyncLocalStorage<RequestContext>,
  ) {}

  count(name: Parameters<Cache['counters']['get']>[0]): number {
    return this.cache.counters.get(name);
  }

  /** Runs `work` as one request of Next's, with a handler of its own. */
  request<Result>(
    work: (request: HandledRequest) => Promise<Result>,
    headers: Record<string, string> = {},
  ): Promise<Result> {
    const context: RequestContext = {
      requestId: 'test',
      startedAt: 0,
      routerPrefetch: isRouterPrefetch(headers),
      verdicts: [],
      holdAnswerFor: () => undefined,
    };
    // Next takes the headers of its router away before it makes a handler.
    const left = Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(rsc|next-router-)/.test(name)));
    const handler = new this.cache.handlers.FetchCache({ _requestHeaders: left });
    return this.contexts.run(context, () => work({ handler, context }));
  }

  /** Asks for a page as Next does: its value, or nothing where Next would render first. */
  get(key: string, headers: Record<string, string> = {}): Promise<Presented | null> {
    return this.request(({ handler }) => handler.get(key, PAGE_CONTEXT), headers);
  }

  /** Asks for a page, and sets it where there is none. */
  render(key: string, html: string, tags: readonly string[] = [], revalidate: number | false = 60): Promise<void> {
    return this.request(async ({ handler }) => {
      await handler.get(key, PAGE_CONTEXT);
      await handler.set(key, pageOf(html, tags), { ...PAGE_CONTEXT, cacheControl: { revalidate, expire: 31_536_000 } });
    });
  }

  revalidate(tag: string, durations?: { expire?: number }): Promise<void> {
    return this.request(({ handler }) => handler.revalidateTag([tag], durations));
  }
}

export interface HandledRequest {
  readonly handler: InstanceType<Cache['handlers']['FetchCache']>;
  readonly context: RequestContext;
}

export const PAGE_CONTEXT = { kind: 'APP_PAGE', isFallback: false, isRoutePPREnabled: false };

export function pageOf(html: string, tags: readonly string[] = []) {
  const headers: Record<string, unknown> = { 'x-next-cache-tags': tags.join(',') };
  return { kind: 'APP_PAGE', html, rscData: Buffer.from(html), headers, status: 200 };
}

/** How Next 16.4 would treat what `get` returned. */
export function asNextSees(presented: Presented | null, now: number): 'render' | 'hit' | 'stale' {
  if (presented === null || presented.lastModified === -1) return 'render';
  const period = presented.cacheControl?.revalidate;
  return typeof period === 'number' && presented.lastModified + period * 1000 < now ? 'stale' : 'hit';
}

export function htmlOf(presented: Presented | null): unknown {
  return presented?.value?.html;
}

/** Whether the handler itself calls it fresh. */
export function isFresh(presented: Presented | null): boolean | undefined {
  return decodeVerdict(presented?.value?.headers?.[Header.VERDICT])?.fresh;
}
