import { join } from 'node:path';

import { resolveStack, type ResolvedStack } from '../assembly';
import { CustomResources, type CustomResourceResults, type CustomResourceTime } from '../custom-resources';
import { CloudFrontServer } from '../edge-api';
import { Faults, FaultyOrigins } from '../faults';
import { type DeploymentOutcome, type Fleet, type OutputSink, Workspaces } from '../fleet';
import { type Progress, silentProgress } from '../progress';
import { Tracing } from '../trace';
import { UserError } from '../user-error';
import { Balancers } from './balancers';
import type { Closers } from './closers';
import { DataDirectory } from './data-directory';
import { StackEdges } from './edges';
import { StackFunctions } from './functions';
import { StackHosts } from './hosts';
import { describeNotApplied } from './not-applied';
import type { DeployResult, LocalStackOptions } from './options';
import type { Parts } from './parts';
import { Scratch } from './scratch';
import { createFleets, prepareWorkspaces, readServices } from './services';
import { readSource, type Source } from './source';
import { Stores } from './stores';

/** How long a container may take to end when the whole stack is stopped, in milliseconds. */
const STOP_TIMEOUT = 10_000;

/** The way from a template to a running stack, and from that to the next one: one part after another, from the stores to the edge. */
export class StackRunner {
  readonly faults = new Faults();
  private readonly progress: Progress;
  private readonly output: OutputSink;
  private readonly scratch: Scratch;
  private readonly workspaces: Workspaces;
  readonly customResources = new CustomResources();
  private source: Source;
  private resolved: ResolvedStack;
  private running?: Parts;
  private fleets: readonly Fleet[] = [];
  private edges?: StackEdges;
  private isDeploying = false;
  private isStopping = false;

  constructor(
    assemblyDirectory: string,
    private readonly options: LocalStackOptions,
    private readonly closers: Closers,
  ) {
    this.progress = options.progress ?? silentProgress;
    this.output = options.output ?? (() => undefined);
    this.source = readSource(assemblyDirectory, options.stack);
    this.resolved = this.resolve();
    this.scratch = new Scratch();
    closers.add(() => this.scratch.close());
    this.workspaces = new Workspaces(this.scratch.directory);
    closers.add(() => this.workspaces.close());
  }

  /** Where its files are while it runs. */
  get directory(): string {
    return this.scratch.directory;
  }

  /** The stack as it is now. */
  get stack(): ResolvedStack {
    return this.resolved;
  }

  get parts(): Parts {
    if (this.running === undefined) throw new Error('cdk-nextjs-ecs local: the stack has not been started.');
    return this.running;
  }

  async start(): Promise<void> {
    const tracing = await this.startTracing();
    const stores = await this.startStores();
    const cloudfront = await this.startCloudFront(stores);
    const functions = this.startFunctions(stores, cloudfront);
    await this.customResources.prepare('before services', this.customResourceOptions(functions));
    this.prepareWorkspaces();
    await this.fillStores(stores, functions);
    // What filled them is not what the app asks for.
    stores.calls.reset();
    const balancers = await this.startBalancers(tracing);
    const fleets = this.createFleets(stores, functions, balancers, tracing);
    const edges = await this.startServing(fleets, () => this.startEdges(stores, balancers, tracing));
    this.running = { tracing, stores, cloudfront, functions, balancers, fleets, edges };
    this.closers.add(() => {
      this.isStopping = true;
      // Replicas that cannot reach the stores could not end well.
      this.faults.close();
    });
    await this.applyCustomResources('after services', functions);
  }

  /** Takes over another assembly of the stack, as CloudFormation updates one. What fails is taken back as a whole. */
  async deploy(assemblyDirectory: string): Promise<DeployResult> {
    if (this.isDeploying) {
      throw new UserError('cdk-nextjs-ecs local: a deployment is in progress: wait for its end before the next one.');
    }
    const earlier = this.source;
    const next = readSource(assemblyDirectory, this.options.stack ?? earlier.artifact.displayName);
    this.isDeploying = true;
    try {
      return await this.update(next, earlier);
    } finally {
      this.isDeploying = false;
    }
  }

  /** The number of replicas of each service behind a load balancer. */
  async scale(replicas: number): Promise<void> {
    await Promise.all(this.parts.fleets.filter(({ isBalanced }) => isBalanced).map((fleet) => fleet.scale(replicas)));
  }

  private async update(next: Source, earlier: Source): Promise<DeployResult> {
    const { functions, edges } = this.parts;
    const running = this.resolved;
    let services: Record<string, DeploymentOutcome>;
    try {
      services = await this.moveTo(next);
    } catch (error) {
      if (!this.isStopping) await this.moveTo(earlier);
      throw error;
    }
    if (Object.values(services).some((outcome) => outcome === 'rolled-back' || outcome === 'failed')) {
      await this.moveTo(earlier);
      await this.cleanUp();
      return { outcome: 'rolled-back', services, notApplied: [] };
    }
    await this.applyCustomResources('after services', functions);
    await edges.update(this.resolved);
    await this.cleanUp();
    const notApplied = describeNotApplied(running, this.resolved);
    for (const sentence of notApplied) this.progress.note(sentence);
    return { outcome: 'completed', services, notApplied };
  }

  /** Answers what has become of the services, by logical id. */
  private async moveTo(source: Source): Promise<Record<string, DeploymentOutcome>> {
    const { stores, functions, fleets } = this.parts;
    this.source = source;
    this.resolved = this.resolve(this.customResources.results);
    stores.create(this.resolved);
    functions.update(this.resolved);
    await this.fillStores(stores, functions);
    const revisions = readServices(this.resolved);
    this.progress.step('Replacing replicas');
    const outcomes = await Promise.all(
      fleets.map(async (fleet) => {
        const revision = revisions.find(({ service }) => service.name === fleet.name);
        return [fleet.name, revision ? await fleet.deploy(revision) : ('unchanged' as const)] as const;
      }),
    );
    this.progress.done(outcomes.map(([, outcome]) => outcome).join(', '));
    return Object.fromEntries(outcomes);
  }

  private prepareWorkspaces(): void {
    const { replicas, containers = {} } = this.options;
    prepareWorkspaces(readServices(this.resolved), { workspaces: this.workspaces, replicas, containers });
  }

  private async startTracing(): Promise<Tracing> {
    const tracing = await Tracing.start((address) => this.replicaAt(`http://${address}`));
    this.closers.add(() => tracing.close());
    return tracing;
  }

  private replicaAt(url: string): string | undefined {
    for (const fleet of this.fleets) {
      const id = fleet.replicaAt(url);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  private async startStores(): Promise<Stores> {
    const { data: directory, partitionWriteUnits } = this.options;
    const data = directory === undefined ? undefined : DataDirectory.open(directory, this.resolved.name);
    this.closers.add(() => data?.close());
    const interceptor = this.faults.intercept;
    const stores = await Stores.start(this.resolved, { interceptor, data, partitionWriteUnits });
    this.closers.add(() => stores.close());
    stores.create(this.resolved);
    return stores;
  }

  private async startCloudFront({ calls }: Stores): Promise<CloudFrontServer> {
    const cloudfront = await CloudFrontServer.start({
      calls,
      interceptor: this.faults.intercept,
      distributions: () => StackEdges.idsIn(this.resolved),
      // Before there is an edge, nothing is cached.
      invalidate: (id, items) => this.edges?.invalidate(id, items) ?? 0,
      delay: this.options.pace?.invalidation,
      quota: this.options.invalidationQuota,
    });
    this.closers.add(() => cloudfront.close());
    return cloudfront;
  }

  private startFunctions(stores: Stores, cloudfront: CloudFrontServer): StackFunctions {
    const functions = new StackFunctions(this.resolved, {
      stores,
      services: { ...stores.environment, AWS_ENDPOINT_URL_CLOUDFRONT: cloudfront.endpoint },
      watchdog: this.scratch.watchdog,
      directory: join(this.scratch.directory, 'functions'),
      output: this.output,
      pace: this.options.pace ?? {},
    });
    this.closers.add(() => functions.close());
    return functions;
  }

  private async fillStores(stores: Stores, functions: StackFunctions): Promise<void> {
    this.progress.step('Filling buckets and tables');
    stores.provideAssets(this.resolved);
    await stores.fill();
    await this.applyCustomResources('before services', functions);
    this.progress.done(`${stores.objects} objects`);
  }

  private async applyCustomResources(when: CustomResourceTime, functions: StackFunctions): Promise<void> {
    if (this.resolved.customResources.length === 0) return;
    this.resolved = await this.customResources.apply(when, this.customResourceOptions(functions));
    // Their environment may hold what the custom resources have answered.
    functions.update(this.resolved);
  }

  private async cleanUp(): Promise<void> {
    await this.customResources.cleanUp(this.resolved, this.customResourceOptions(this.parts.functions));
  }

  private customResourceOptions(functions: StackFunctions) {
    return {
      find: (serviceToken: string) => functions.functions.tryFind(serviceToken),
      resolve: (made: CustomResourceResults) => this.resolve(made),
      firstRetry: this.options.pace?.firstRetry,
      mayFail: !this.isDeploying,
    };
  }

  private resolve(made?: CustomResourceResults): ResolvedStack {
    const { assembly, artifact } = this.source;
    return resolveStack(artifact, { assembly, made });
  }

  private async startBalancers(tracing: Tracing): Promise<Balancers> {
    // Without a distribution the load balancer is what viewers see.
    const port = StackEdges.areIn(this.resolved) ? 0 : (this.options.port ?? 0);
    const balancers = await Balancers.start(this.resolved, port, tracing.balancer);
    this.closers.add(() => balancers.close());
    return balancers;
  }

  private createFleets(
    stores: Stores,
    { bus }: StackFunctions,
    balancers: Balancers,
    tracing: Tracing,
  ): readonly Fleet[] {
    this.fleets = createFleets(readServices(this.resolved), {
      replicas: this.options.replicas,
      services: { ...stores.environment, ...tracing.environment },
      overrides: this.options.environment ?? {},
      containers: this.options.containers ?? {},
      targets: balancers,
      workspaces: this.workspaces,
      watchdog: this.scratch.watchdog,
      directory: this.scratch.directory,
      output: this.output,
      onEvent: (event) => {
        bus.put(event);
      },
    });
    for (const fleet of this.fleets) this.closers.add(() => fleet.stop({ drain: false, stopTimeout: STOP_TIMEOUT }));
    return this.fleets;
  }

  /** Viewers are served from when one task of each service is healthy, as on AWS; fulfilled when all are. */
  private async startServing(fleets: readonly Fleet[], startEdges: () => Promise<StackEdges>): Promise<StackEdges> {
    this.progress.step('Starting replicas');
    const started = Promise.all(fleets.map((fleet) => fleet.start()));
    // Whoever waits below hears of a failure, which may come before.
    started.catch(() => undefined);
    await Promise.race([started, Promise.all(fleets.map((fleet) => fleet.serving()))]);
    const edges = await startEdges();
    await started;
    this.progress.done(String(fleets.flatMap((fleet) => fleet.replicas).length));
    return edges;
  }

  private async startEdges(stores: Stores, balancers: Balancers, tracing: Tracing): Promise<StackEdges> {
    const origins = await FaultyOrigins.start(balancers.addresses, this.faults);
    this.closers.add(() => origins.close());
    const hosts = new StackHosts(this.resolved, stores.s3.endpoint, balancers, (address) => origins.detour(address));
    const edges = new StackEdges({ port: this.options.port ?? 0, hosts, onRequest: tracing.edge });
    this.edges = edges;
    this.closers.add(() => edges.close());
    await edges.start(this.resolved);
    return edges;
  }
}
