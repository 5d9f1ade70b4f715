import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Bundle, type BundleFacts } from '../../contract';
import {
  readAssembly,
  resolveStack,
  type ResolvedStack,
  type StackArtifact,
  type UnsupportedResource,
} from '../assembly';
import { ControlServer } from '../control';
import type { Fleet, OutputSink, ReplicaState } from '../fleet';
import { type Progress, silentProgress } from '../progress';
import type { CallCounts } from '../stores';
import { Balancers, type BalancerState } from './balancers';
import { chooseStack } from './choose-stack';
import { Closers } from './closers';
import { type EdgeState, StackEdge } from './edge';
import { StackHosts } from './hosts';
import { describeNotRun } from './not-run';
import { Scratch } from './scratch';
import { createFleets } from './services';
import { Stores, type StoresState } from './stores';

export interface LocalStackOptions {
  /**
   * The stack to run.
   * @default - the only one, or the only one with a distribution
   */
  readonly stack?: string;
  /**
   * Port of the site.
   * @default - a free one
   */
  readonly port?: number;
  /**
   * Port of the control interface.
   * @default - a free one
   */
  readonly controlPort?: number;
  /**
   * Number of replicas of each service behind a load balancer.
   * @default - the services' desired counts
   */
  readonly replicas?: number;
  /**
   * Environment variables of the tasks, over the template's.
   * @default - only the template's
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Folders to run containers of foreign images in, by container name.
   * @default - containers of foreign images are not run
   */
  readonly containers?: Readonly<Record<string, string>>;
  /** @default - nothing is said */
  readonly progress?: Progress;
  /**
   * Takes the lines that the replicas print.
   * @default - they are only shown when a replica cannot start
   */
  readonly output?: OutputSink;
}

/** What runs, and where. */
export interface LocalStackState {
  readonly url: string;
  readonly stack: string;
  /** What the app's bundle says of its build; absent for images that were built by other means. */
  readonly build?: BundleFacts;
  readonly edge?: EdgeState;
  readonly balancers: readonly BalancerState[];
  readonly replicas: readonly ReplicaState[];
  readonly stores: StoresState;
  /** Resources that do not run here, and why those that are not missed are not. */
  readonly notRun: readonly UnsupportedResource[];
}

/** How long a container may take to end when the whole stack is stopped, in milliseconds. */
const STOP_TIMEOUT = 10_000;

/**
 * A synthesized stack that runs on this machine, from its template alone.
 *
 * @example
 * const stack = await LocalStack.start('cdk.out', { replicas: 2 });
 * const response = await fetch(stack.url);
 * await stack.stop();
 */
export class LocalStack {
  /**
   * Starts everything, and waits until every replica is healthy. What was started is stopped again if something fails.
   *
   * @param assemblyDirectory the output of `cdk synth`, usually `cdk.out`
   */
  static async start(assemblyDirectory: string, options: LocalStackOptions = {}): Promise<LocalStack> {
    const assembly = readAssembly(assemblyDirectory);
    const resolved = resolveStack(chooseStack(assembly, options.stack), { assembly });
    const closers = new Closers();
    try {
      return await new Starter(resolved, options, closers).start();
    } catch (error) {
      await closers.close().catch(() => undefined);
      throw error;
    }
  }

  private stopped?: Promise<void>;

  /** @internal */
  constructor(
    private readonly parts: Parts,
    private readonly closers: Closers,
  ) {}

  /** Name of the stack. */
  get name(): string {
    return this.parts.resolved.name;
  }

  /** Address of the site: the distribution's, or the load balancer's where there is none. */
  get url(): string {
    return this.parts.edge?.url ?? this.parts.balancers.url ?? this.replicas.find(({ url }) => url)?.url ?? '';
  }

  /** Address of the control interface. */
  get control(): string {
    return this.parts.control.url;
  }

  get replicas(): readonly ReplicaState[] {
    return this.parts.fleets.flatMap((fleet) => fleet.replicas);
  }

  /** What of the stack does not run as it would on AWS, in sentences. */
  get notes(): readonly string[] {
    const { resolved, fleets, balancers, edge } = this.parts;
    return [
      ...fleets.flatMap((fleet) => fleet.notes),
      ...balancers.notes,
      ...(edge?.notes ?? []),
      ...describeNotRun(resolved.unsupported),
    ];
  }

  get state(): LocalStackState {
    const { resolved, edge, balancers, stores } = this.parts;
    return {
      url: this.url,
      stack: this.name,
      build: tryReadFacts(resolved.artifact),
      edge: edge?.state,
      balancers: balancers.state,
      replicas: this.replicas,
      stores: stores.state,
      notRun: resolved.unsupported,
    };
  }

  /** Calls of AWS APIs by service and operation, since the start or the last reset: `{ s3: { GetObject: 3 } }`. */
  calls(): CallCounts {
    return this.parts.stores.calls.snapshot();
  }

  resetCalls(): void {
    this.parts.stores.calls.reset();
  }

  /** Sends a signal to a replica's processes; it is started again when it ends of it. */
  kill(replica: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    const fleet =
      this.parts.fleets.find(({ replicas }) => replicas.some(({ id }) => id === replica)) ?? this.parts.fleets[0];
    fleet?.kill(replica, signal);
  }

  /** Stops everything and removes every file. */
  stop(): Promise<void> {
    this.stopped ??= this.closers.close();
    return this.stopped;
  }
}

interface Parts {
  readonly resolved: ResolvedStack;
  readonly stores: Stores;
  readonly balancers: Balancers;
  readonly fleets: readonly Fleet[];
  readonly edge?: StackEdge;
  readonly control: ControlServer;
}

/** The way from a template to a running stack, one part after another, from the stores to the edge. */
class Starter {
  private readonly progress: Progress;

  constructor(
    private readonly resolved: ResolvedStack,
    private readonly options: LocalStackOptions,
    private readonly closers: Closers,
  ) {
    this.progress = options.progress ?? silentProgress;
  }

  async start(): Promise<LocalStack> {
    const stores = await this.startStores();
    const balancers = await this.startBalancers();
    const fleets = await this.startFleets(stores, balancers);
    const edge = await this.startEdge(stores, balancers);
    const control = new ControlServer();
    const stack = new LocalStack({ resolved: this.resolved, stores, balancers, fleets, edge, control }, this.closers);
    this.closers.add(() => control.close());
    await control.listen(stack, this.options.controlPort ?? 0);
    return stack;
  }

  private async startStores(): Promise<Stores> {
    this.progress.step('Filling buckets and tables');
    const stores = await Stores.start(this.resolved);
    this.closers.add(() => stores.close());
    this.progress.done(`${await stores.fill()} objects`);
    return stores;
  }

  private async startBalancers(): Promise<Balancers> {
    // Without a distribution the load balancer is what viewers see.
    const port = StackEdge.isIn(this.resolved) ? 0 : (this.options.port ?? 0);
    const balancers = await Balancers.start(this.resolved, port);
    this.closers.add(() => balancers.close());
    return balancers;
  }

  private async startFleets(stores: Stores, balancers: Balancers): Promise<Fleet[]> {
    const scratch = new Scratch();
    this.closers.add(() => scratch.close());
    const fleets = createFleets({
      stack: this.resolved,
      replicas: this.options.replicas,
      services: stores.environment,
      overrides: this.options.environment ?? {},
      containers: this.options.containers ?? {},
      targets: balancers,
      watchdog: scratch.watchdog,
      directory: scratch.directory,
      output: this.options.output ?? (() => undefined),
    });
    for (const fleet of fleets) this.closers.add(() => fleet.stop({ drain: false, stopTimeout: STOP_TIMEOUT }));
    this.progress.step('Starting replicas');
    await Promise.all(fleets.map((fleet) => fleet.start()));
    this.progress.done(String(fleets.flatMap((fleet) => fleet.replicas).length));
    return fleets;
  }

  private async startEdge(stores: Stores, balancers: Balancers): Promise<StackEdge | undefined> {
    if (!StackEdge.isIn(this.resolved)) return undefined;
    const hosts = new StackHosts(this.resolved, stores.s3.endpoint, balancers);
    const edge = await StackEdge.start(this.resolved, { port: this.options.port ?? 0, hosts });
    this.closers.add(() => edge.close());
    return edge;
  }
}

function tryReadFacts({ dockerAssets }: StackArtifact): BundleFacts | undefined {
  const files = dockerAssets.map(({ directory }) => join(directory, Bundle.FACTS_FILE));
  const file = files.find((path) => existsSync(path));
  return file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as BundleFacts);
}
