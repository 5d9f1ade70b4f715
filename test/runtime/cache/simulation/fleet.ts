import type { Configuration } from '../../../../runtime/configuration';
import { CONFIGURATION } from '../fixture';
import { LAYOUT_TAG, PAGES, pathTagOf, SOURCES, sourcesOf, type Content, type Page } from './app';
import { Edge } from './edge';
import { Random } from './random';
import { Reference } from './reference';
import { Replica, type Answer } from './replica';
import type { Scenario, Step } from './scenario';
import { MapServices, TableServices, type Services, type TagWritten } from './services';
import { FINE, type Weather } from './simulated-link';
import { VirtualTime } from './virtual-time';
import { buildOf, type Build, type World } from './world';

export interface FleetOptions {
  readonly appDirectory: string;
  /** Whether answers must keep the promise even while the edge does not keep them: not where stores are down. */
  readonly strict: boolean;
  /** Services in place of the scenario's. */
  readonly services?: (time: VirtualTime, written: TagWritten) => Services;
}

const ON_DEMAND = PAGES[3];
/** Calls of stores for which a request may wait one after the other. */
const MOST_CALLS = 25;
/** How long the fleet is given before, between and after rounds of requests in the end, in milliseconds, and how many. */
const SETTLING = 30_000;
const ROUNDS = 2;

/** Runs a scenario on three replicas in virtual time, and holds every answer, and what the edge keeps, against the reference. */
export class Fleet {
  private readonly world: World;
  private readonly edge: Edge;
  private readonly configuration: Configuration;
  private readonly calm: Weather;
  private readonly builds: Build[];
  private newest: Build;
  private readonly replicas: Replica[];

  constructor(
    private readonly scenario: Scenario,
    private readonly options: FleetOptions,
  ) {
    const time = new VirtualTime();
    const random = new Random(scenario.seed);
    const reference = new Reference();
    const { window, latency, tagShards, mirrorRows } = scenario;
    this.calm = { ...FINE, latency };
    const budget = 2 * latency * MOST_CALLS;
    this.configuration = { ...CONFIGURATION, window, budget, tagShards, mirrorRows, memory: 1024 * 1024 };
    this.edge = new Edge(time, random, reference, window + CONFIGURATION.slack);
    const written: TagWritten = (tag) => {
      this.edge.changed(tag);
    };
    const services =
      options.services?.(time, written) ??
      (scenario.services === 'maps' ? new MapServices(written) : new TableServices(random, written));
    this.world = { scenario, time, random, reference, services, appDirectory: options.appDirectory, failing: 0 };
    this.newest = buildOf(this.world);
    this.builds = scenario.offsets.map(() => this.newest);
    this.replicas = scenario.offsets.map((_, position) => this.start(position));
  }

  async run(): Promise<void> {
    const { time, random, reference } = this.world;
    // Nothing but the seed decides: the cache's own dice, and the signals that end the stores' calls.
    const real = { random: Math.random, timeout: AbortSignal.timeout.bind(AbortSignal) };
    Math.random = () => random.next();
    AbortSignal.timeout = (delay) => time.abortAfter(delay);
    try {
      await time.run(this.play());
    } finally {
      Math.random = real.random;
      AbortSignal.timeout = real.timeout;
    }
    if (reference.broken !== undefined) throw reference.broken;
  }

  private async play(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.ready));
    this.world.failing = this.scenario.failing;
    for (const step of this.scenario.steps) {
      await this.world.time.sleep(step.pause);
      this.begin(step);
    }
    await this.converge();
    for (const replica of this.replicas) replica.cache.close();
  }

  private start(position: number): Replica {
    const build = this.builds[position] ?? this.newest;
    const replica = new Replica(this.world, this.configuration, build, this.scenario.offsets[position] ?? 0);
    replica.link.weather = this.calm;
    return replica;
  }

  private begin(step: Step): void {
    const replica = this.replicas[step.replica];
    if (replica === undefined) return;
    switch (step.kind) {
      case 'request':
        this.request(replica, PAGES[step.page] ?? ON_DEMAND);
        return;
      case 'expire':
        this.revalidateTag(replica, step.source, undefined);
        return;
      case 'age':
        this.revalidateTag(replica, step.source, step.expire === undefined ? {} : { expire: step.expire });
        return;
      case 'path':
        this.revalidatePath(replica, step.page);
        return;
      case 'on-demand':
        this.revalidateOnDemand(replica);
        return;
      case 'build':
        this.newest = buildOf(this.world);
        return;
      case 'deploy':
        this.builds[step.replica] = this.newest;
        this.replace(step.replica, replica);
        return;
      case 'kill':
        this.replace(step.replica, replica);
        return;
      case 'storm': {
        const { refused, lost, hung, slow } = step;
        replica.link.weather = { refused, lost, hung, latency: Math.max(this.calm.latency, slow) };
        return;
      }
      case 'calm':
        replica.link.weather = this.calm;
    }
  }

  private replace(position: number, replica: Replica): void {
    replica.kill();
    this.replicas[position] = this.start(position);
  }

  private request(replica: Replica, page: Page): void {
    // A replica takes requests once it has loaded its mirror: before that its health check fails.
    if (!replica.cache.mirror.loaded) return;
    replica.request(page).then(
      (answer) => {
        if (replica.alive) this.check(page, answer);
      },
      // An error page.
      () => undefined,
    );
  }

  private check(page: Page, { content, keptUnder, since, leftAt }: Answer): void {
    const { reference } = this.world;
    if (this.options.strict) {
      const where = `to a request of ${String(since)}`;
      reference.check(page, content, since - this.scenario.window, where, true);
    }
    if (keptUnder !== undefined) this.edge.keep(page, { content, tags: keptUnder, leftAt });
  }

  private revalidateTag(replica: Replica, source: number, durations: { expire?: number } | undefined): void {
    const tag = SOURCES[source] ?? 'red';
    const editions = this.world.reference.publish([tag]);
    this.promise(replica.revalidateTag(tag, durations), editions, PAGES, durations === undefined);
  }

  private revalidatePath(replica: Replica, target: number | 'layout'): void {
    const pages: Page[] = PAGES.filter((page, at) => page !== ON_DEMAND && (target === 'layout' || at === target));
    const editions = this.world.reference.publish([...new Set(pages.flatMap(sourcesOf))]);
    const tags = target === 'layout' ? [LAYOUT_TAG] : pages.map(pathTagOf);
    this.promise(Promise.all(tags.map((tag) => replica.revalidateTag(tag))), editions, pages);
  }

  private revalidateOnDemand(replica: Replica): void {
    if (!replica.cache.mirror.loaded) return;
    const { reference, time } = this.world;
    const editions = reference.publish(ON_DEMAND.untagged);
    const publishedAt = time.now;
    const done = replica.revalidatePage(ON_DEMAND).then((since) => {
      // Next joins `res.revalidate()` to one that is under way, of whose content nobody knows whether it is older.
      if (since < publishedAt) throw new Error('simulation: joined');
    });
    this.promise(done, editions, [ON_DEMAND]);
  }

  /** From the moment when the caller is told of the success nothing older may be shown; where it is told of an error, anything. */
  private promise(done: Promise<unknown>, editions: Content, pages: readonly Page[], expires = true): void {
    const { reference, time } = this.world;
    done.then(
      () => {
        reference.promise(editions, time.now, { pages, expires });
        this.edge.revalidated();
      },
      () => undefined,
    );
  }

  /** Once everything works again, everything is right again: nothing old has stayed anywhere. */
  private async converge(): Promise<void> {
    const { time, reference } = this.world;
    this.world.failing = 0;
    for (const replica of this.replicas) replica.link.weather = this.calm;
    await time.sleep(SETTLING);
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const page of PAGES) for (const replica of this.replicas) this.request(replica, page);
      await time.sleep(SETTLING);
    }
    const answers = PAGES.flatMap((page) =>
      this.replicas.map(async (replica) => {
        const { content } = await replica.request(page);
        reference.check(page, content, time.now, 'in the end');
      }),
    );
    await Promise.all(answers);
  }
}
