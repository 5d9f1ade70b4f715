import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Configuration } from '../../../../runtime/configuration';
import { MapEntryStore, MapLeaseStore, MapTagStore } from '../../stores/map-stores';
import { Random } from './random';
import { Replica, type Answer, type Datum, type Page, type World } from './replica';
import type { Scenario, Step } from './scenario';
import { FINE } from './simulated-link';
import { VirtualTime } from './virtual-time';

/** A broken promise, in words. */
export class PromiseBroken extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PromiseBroken';
  }
}

const PREVIEW_MODE_ID = 'preview-mode-id';
const EPOCH = 1_800_000_000_000;
const SLACK = 2000;
const SOURCES = ['red', 'green', 'blue'] as const;

const red: Datum = { name: 'fetch-red', kind: 'fetch', sources: ['red'] };
const greenBlue: Datum = { name: 'fetch-green-blue', kind: 'fetch', sources: ['green', 'blue'] };
const redBlue: Datum = { name: 'use-red-blue', kind: 'use-cache', sources: ['red', 'blue'] };
const green: Datum = { name: 'use-green', kind: 'use-cache', sources: ['green'] };

const ON_DEMAND: Page = { name: 'on-demand', data: [], untagged: ['plain'] };
const PAGES: readonly Page[] = [
  { name: 'a', data: [red, green], untagged: [] },
  { name: 'b', data: [redBlue, greenBlue], untagged: [] },
  { name: 'c', data: [redBlue, red], untagged: [] },
  ON_DEMAND,
];

/** A revalidation that its caller was told had succeeded. */
interface Revalidated {
  readonly source: string;
  readonly edition: number;
  readonly doneAt: number;
  /** Whether nothing older may be served at all, or only kept by the edge. */
  readonly expires: boolean;
}

/** Makes the folder that the cache reads the build's manifest from. */
export function makeAppDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-simulation-'));
  mkdirSync(join(directory, '.next'));
  const manifest = { routes: {}, dynamicRoutes: {}, notFoundRoutes: [], preview: { previewModeId: PREVIEW_MODE_ID } };
  writeFileSync(join(directory, '.next', 'prerender-manifest.json'), JSON.stringify(manifest));
  return directory;
}

/**
 * Runs a scenario on three replicas with virtual time, and holds every answer against the reference: the editions of the sources, and
 * when each revalidation was done.
 */
export class Fleet {
  private readonly world: World;
  private readonly replicas: Replica[];
  private readonly revalidated: Revalidated[] = [];
  private readonly configuration: Configuration;
  private broken: PromiseBroken | undefined;

  constructor(
    private readonly scenario: Scenario,
    appDirectory: string,
    /** Whether answers must keep the promise even while they are not kept by the edge: not where stores are down. */
    private readonly strict: boolean,
  ) {
    this.world = {
      time: new VirtualTime(),
      random: new Random(scenario.seed),
      shared: { entries: new MapEntryStore(), tags: new MapTagStore(), leases: new MapLeaseStore() },
      epoch: EPOCH,
      editions: new Map(),
      appDirectory,
      previewModeId: PREVIEW_MODE_ID,
    };
    this.configuration = configurationOf(scenario.window);
    this.replicas = scenario.offsets.map((offset) => new Replica(this.world, this.configuration, offset));
  }

  async run(): Promise<void> {
    await this.world.time.run(this.play());
    if (this.broken !== undefined) throw this.broken;
  }

  private async play(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.ready));
    for (const step of this.scenario.steps) {
      await this.world.time.sleep(step.pause);
      this.begin(step);
    }
    await this.converge();
    for (const replica of this.replicas) replica.cache.close();
  }

  private begin(step: Step): void {
    const replica = this.replicas[step.replica];
    if (replica === undefined) return;
    switch (step.kind) {
      case 'request':
        this.request(replica, PAGES[step.page] ?? ON_DEMAND);
        return;
      case 'expire':
        this.revalidate(replica, SOURCES[step.source] ?? 'red', undefined);
        return;
      case 'age':
        this.revalidate(replica, SOURCES[step.source] ?? 'red', { expire: step.expire });
        return;
      case 'on-demand':
        this.revalidateOnDemand(replica);
        return;
      case 'kill':
        replica.kill();
        this.replicas[step.replica] = new Replica(
          this.world,
          this.configuration,
          this.scenario.offsets[step.replica] ?? 0,
        );
        return;
      case 'storm':
        replica.link.weather = { ...FINE, refused: step.refused, lost: step.lost, hung: step.hung };
        return;
      case 'calm':
        replica.link.weather = FINE;
    }
  }

  private request(replica: Replica, page: Page): void {
    // A replica takes requests once it has loaded its mirror: before that its health check fails.
    if (!replica.cache.mirror.loaded) return;
    void replica.request(page).then((answer) => {
      if (replica.alive) this.check(answer, page.name);
    });
  }

  private revalidate(replica: Replica, source: string, durations: { expire: number | undefined } | undefined): void {
    const edition = this.publish(source);
    const given =
      durations === undefined ? undefined : durations.expire === undefined ? {} : { expire: durations.expire };
    replica.revalidateTag(source, given).then(
      () => this.revalidated.push({ source, edition, doneAt: this.world.time.now, expires: durations === undefined }),
      // The caller knows; nothing was promised.
      () => undefined,
    );
  }

  private revalidateOnDemand(replica: Replica): void {
    if (!replica.cache.mirror.loaded) return;
    const edition = this.publish('plain');
    replica.revalidatePage(ON_DEMAND).then(
      () => this.revalidated.push({ source: 'plain', edition, doneAt: this.world.time.now, expires: true }),
      () => undefined,
    );
  }

  private publish(source: string): number {
    const edition = (this.world.editions.get(source) ?? 0) + 1;
    this.world.editions.set(source, edition);
    return edition;
  }

  private check(answer: Answer, page: string): void {
    for (const { source, edition, doneAt, expires } of this.revalidated) {
      const shown = answer.content[source];
      if (shown === undefined || shown >= edition) continue;
      const what = `page ${page} shows ${source} ${String(shown)}, not ${String(edition)} revalidated at ${String(doneAt)}`;
      const window = this.configuration.window;
      if (this.strict && expires && answer.since > doneAt + window) {
        this.break(`${what}, to a request of ${String(answer.since)}`);
      }
      if (answer.kept && answer.leftAt > doneAt + window + SLACK) {
        this.break(`${what}, in an answer of ${String(answer.leftAt)} that the edge may keep`);
      }
    }
  }

  /** Once everything works again, everything is right again: nothing old has stayed anywhere. */
  private async converge(): Promise<void> {
    const { time } = this.world;
    for (const replica of this.replicas) replica.link.weather = FINE;
    await time.sleep(30_000);
    for (let round = 0; round < 8; round += 1) {
      for (const page of PAGES) await Promise.all(this.replicas.map((replica) => replica.request(page)));
      await time.sleep(5000);
    }
    for (const replica of this.replicas) {
      for (const page of PAGES) this.checkFinal(await replica.request(page), page.name);
    }
  }

  private checkFinal(answer: Answer, page: string): void {
    for (const { source, edition } of this.revalidated) {
      const shown = answer.content[source];
      if (shown === undefined || shown >= edition) continue;
      this.break(`in the end page ${page} shows ${source} ${String(shown)}, not ${String(edition)}`);
    }
  }

  private break(message: string): void {
    this.broken ??= new PromiseBroken(message);
  }
}

function configurationOf(window: number): Configuration {
  return {
    bucket: 'bucket',
    table: 'table',
    site: 'site',
    window,
    slack: SLACK,
    memory: 1024 * 1024,
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
    cacheProxiedRoutes: false,
    notFoundMaxAge: 10,
  };
}
