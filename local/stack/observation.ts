import { setTimeout as delay } from 'node:timers/promises';

import { loadRevalidation, sitesIn } from '../revalidation';
import { chooseSite } from '../revalidation/target';
import type { CallCounts } from '../stores';
import type { RequestSummary, RequestTrace, TrafficSecond } from '../trace';
import { UserError } from '../user-error';
import { readTags, type TagState } from './site-tags';
import type { StackRunner } from './stack-runner';

/** Live counters, as JSON. */
export interface Metrics {
  /** Now, in milliseconds since the epoch. */
  readonly time: number;
  /** The last five minutes, by the second, oldest first. */
  readonly traffic: readonly TrafficSecond[];
  /** Finished requests by what the edge says in `x-cache`, and what it keeps. */
  readonly edge?: {
    readonly requests: Readonly<Record<string, number>>;
    readonly cached: { readonly objects: number; readonly bytes: number };
  };
  /** What the tasks' caches have counted together: see docs/cache.md. */
  readonly cache: Readonly<Record<string, number>>;
  /** The same, and the gauges, by task. */
  readonly tasks: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly calls: CallCounts;
  readonly tags: number;
  readonly purges: {
    readonly invalidations: number;
    readonly inProgress: number;
    /** Objects that left the edge. */
    readonly objects: number;
  };
}

/** What is to be revalidated, as Next's own functions take it. */
export interface RevalidationOrder {
  readonly tags?: readonly string[];
  /** Without the base path; a route such as `/blog/[slug]` needs its `type`. */
  readonly paths?: readonly string[];
  readonly type?: 'page' | 'layout';
  /** Serves the old content while the new one is made, as `'max'` does. @default false */
  readonly stale?: boolean;
  /** @default - the stack's only one */
  readonly site?: string;
}

/** How long the parts of the stack may take to tell what they did, in milliseconds. */
const PATIENCE = 3000;
/** What is written behind an answer follows it within this, if nothing fails. */
const SETTLE = 150;
const POLL = 20;

/** What the control interface and its dashboard show of a stack that runs. */
export class Observation {
  constructor(
    private readonly runner: StackRunner,
    private readonly url: () => string,
  ) {}

  requests(limit: number): readonly RequestSummary[] {
    return this.log.list(limit);
  }

  tryFindSummary(id: string): RequestSummary | undefined {
    return this.log.tryFindSummary(id);
  }

  tryFindRequest(id: string): RequestTrace | undefined {
    return this.log.tryFind(id);
  }

  /** Calls back with the id of each request that ended, or of which more is known. */
  subscribe(listener: (id: string) => void): () => void {
    return this.log.subscribe(listener);
  }

  /** Sends a request to the site as a viewer would, and answers with its way. */
  async explain(path: string): Promise<RequestTrace> {
    if (!path.startsWith('/')) {
      throw new UserError(`cdk-nextjs-ecs local: a path to explain begins with "/"; received ${JSON.stringify(path)}.`);
    }
    const ended = new Set<string>();
    const stop = this.log.subscribe((id) => ended.add(id));
    try {
      const response = await fetch(this.url() + path, { redirect: 'manual', headers: VIEWER });
      await response.arrayBuffer();
      const id = response.headers.get('x-amz-cf-id');
      return await this.settled(() => (id === null ? this.findPath(path, ended) : this.log.tryFind(id)));
    } finally {
      stop();
    }
  }

  get metrics(): Metrics {
    const { edges, stores, cloudfront, fleets, tracing } = this.runner.parts;
    const edge = edges.totals;
    const { invalidations, inProgress } = cloudfront;
    const ids = fleets.flatMap(({ replicas }) => replicas.map(({ id }) => id));
    return {
      time: Date.now(),
      traffic: tracing.traffic.seconds,
      ...(edge && { edge }),
      cache: tracing.counters.totals,
      tasks: Object.fromEntries(ids.map((id) => [id, tracing.counters.of(id)])),
      calls: stores.calls.snapshot(),
      tags: this.revalidatedTags.length,
      purges: {
        invalidations: invalidations.length,
        inProgress,
        objects: invalidations.reduce((sum, { objects = 0 }) => sum + objects, 0),
      },
    };
  }

  /** The tags that were revalidated, and those that pages in use carry. */
  get tags(): readonly TagState[] {
    const revalidated = this.revalidatedTags;
    const known = new Set(revalidated.map(({ tag }) => tag));
    const [site = ''] = sitesIn(Object.values(this.runner.stack.outputs)).map((target) => target.site);
    const untouched = this.log.names.known.filter((tag) => !known.has(tag));
    return [...revalidated, ...untouched.map((tag) => ({ tag, site, version: 0 }))];
  }

  /** Writes what the app's own `revalidateTag` and `revalidatePath` would write. Answers the tags. */
  async revalidate({ tags, paths, type, stale = false, site }: RevalidationOrder): Promise<readonly string[]> {
    const { stack, parts } = this.runner;
    const target = chooseSite(Object.values(stack.outputs), `stack ${stack.name}`, site);
    const { revalidate, tagsOf } = await loadRevalidation();
    const request = { tags, paths, pathType: type };
    if (userChecked(() => tagsOf(request)).length === 0) {
      throw new UserError('cdk-nextjs-ecs revalidate: there is nothing to revalidate. Give tags or paths.');
    }
    const result = await revalidate({
      ...request,
      ...target,
      staleFor: stale ? Number.POSITIVE_INFINITY : 0,
      endpoint: parts.stores.dynamodb.endpoint,
      region: stack.region,
      credentials: { accessKeyId: 'control', secretAccessKey: 'local' },
    });
    this.log.names.learn(result.tags);
    return result.tags;
  }

  private get log() {
    return this.runner.parts.tracing.requests;
  }

  private get revalidatedTags(): TagState[] {
    const { stores } = this.runner.parts;
    return sitesIn(Object.values(this.runner.stack.outputs)).flatMap((target) => readTags(target, stores.dynamodb));
  }

  /** Without an edge the balancer gives requests ids that no answer carries. */
  private findPath(path: string, ids: Iterable<string>): RequestTrace | undefined {
    return [...ids].map((id) => this.log.tryFind(id)).find((trace) => trace?.url === path);
  }

  /** The request once all of its parts have told their share, and nothing more comes. */
  private async settled(find: () => RequestTrace | undefined): Promise<RequestTrace> {
    const deadline = performance.now() + PATIENCE;
    let [length, since] = [-1, performance.now()];
    for (;;) {
      const found = find();
      const now = performance.now();
      if (found && found.way.length !== length) [length, since] = [found.way.length, now];
      if (found && (now > deadline || (found.isComplete && now - since > SETTLE))) return found;
      if (now > deadline) throw new Error('cdk-nextjs-ecs local: the edge has told nothing of the request.');
      await delay(POLL);
    }
  }
}

/** What a browser says of itself, as far as it matters to a cache. */
const VIEWER = { accept: 'text/html,*/*;q=0.8', 'accept-encoding': 'gzip, deflate, br' };

/** What is refused is what the user gave. */
function userChecked<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw new UserError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
