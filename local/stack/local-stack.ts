import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Bundle, type BundleFacts } from '../../contract';
import type { StackArtifact } from '../assembly';
import { ControlServer } from '../control';
import type { InvalidationState } from '../edge-api';
import type { BusEvent, ServiceEvent } from '../events';
import type { Fault, FaultState } from '../faults';
import type { Fleet, ReplicaState } from '../fleet';
import type { InvocationResult } from '../functions';
import type { CallCounts, Interceptor } from '../stores';
import type { RequestSummary, RequestTrace } from '../trace';
import { UserError } from '../user-error';
import { Closers } from './closers';
import type { FunctionsState } from './functions';
import { describeNotRun } from './not-run';
import { type Metrics, Observation, type RevalidationOrder } from './observation';
import type { DeployResult, LocalStackOptions, LocalStackState } from './options';
import { announce } from './running-stacks';
import type { TagState } from './site-tags';
import type { Parts } from './parts';
import { StackRunner } from './stack-runner';

const SETTLED_POLL = 20;

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
    const closers = new Closers();
    try {
      const runner = new StackRunner(assemblyDirectory, options, closers);
      await runner.start();
      const control = new ControlServer();
      closers.add(() => control.close());
      const stack = new LocalStack(runner, control, closers);
      await control.listen(stack, options.controlPort ?? 0);
      announce(runner.directory, { stack: stack.name, url: stack.url, control: stack.control });
      return stack;
    } catch (error) {
      await closers.close().catch(() => undefined);
      throw error;
    }
  }

  private readonly observation: Observation;
  private stopped?: Promise<void>;

  private constructor(
    private readonly runner: StackRunner,
    private readonly controlServer: ControlServer,
    private readonly closers: Closers,
  ) {
    this.observation = new Observation(runner, () => this.url);
  }

  /** Name of the stack. */
  get name(): string {
    return this.runner.stack.name;
  }

  /** Address of the site: the distribution's, or the load balancer's where there is none. */
  get url(): string {
    return this.parts.edges.url ?? this.parts.balancers.url ?? this.replicas.find(({ url }) => url)?.url ?? '';
  }

  /** Address of the control interface. */
  get control(): string {
    return this.controlServer.url;
  }

  get replicas(): readonly ReplicaState[] {
    return this.parts.fleets.flatMap((fleet) => fleet.replicas);
  }

  /** What of the stack does not run as it would on AWS, in sentences. */
  get notes(): readonly string[] {
    const { fleets, balancers, edges, functions } = this.parts;
    return [
      ...fleets.flatMap((fleet) => fleet.notes),
      ...balancers.notes,
      ...edges.notes,
      ...functions.notes,
      ...this.runner.customResources.notes,
      ...describeNotRun(this.runner.stack.unsupported),
    ];
  }

  get state(): LocalStackState {
    const { edges, balancers, stores, functions, cloudfront } = this.parts;
    const { artifact, unsupported, outputs } = this.runner.stack;
    return {
      url: this.url,
      stack: this.name,
      outputs,
      build: tryReadFacts(artifact),
      edge: edges.states[0],
      edges: edges.states,
      balancers: balancers.state,
      replicas: this.replicas,
      stores: stores.state,
      functions: functions.state,
      faults: this.faults,
      partitioned: this.replicas.map(({ id }) => id).filter((id) => this.runner.faults.isPartitioned(id)),
      cloudfront: { endpoint: cloudfront.endpoint, inProgress: cloudfront.inProgress },
      notRun: unsupported,
    };
  }

  /** Calls of AWS APIs by service and operation, since the start or the last reset: `{ s3: { GetObject: 3 } }`. */
  calls(): CallCounts {
    return this.parts.stores.calls.snapshot();
  }

  resetCalls(): void {
    this.parts.stores.calls.reset();
  }

  /** Requests of invalidations that CloudFront has accepted, the latest first. */
  get invalidations(): readonly InvalidationState[] {
    return this.parts.cloudfront.invalidations;
  }

  /** Functions, and what invokes them. */
  get functions(): FunctionsState {
    return this.parts.functions.state;
  }

  /** Events of the stack's default bus, the latest last. */
  get events(): readonly BusEvent[] {
    return this.parts.functions.bus.events;
  }

  /** Puts an event on the stack's default bus, as an AWS service would. */
  publish(event: ServiceEvent): void {
    this.parts.functions.bus.put(event);
  }

  /** The latest requests, the latest first. @param limit 500 are remembered */
  requests(limit = 100): readonly RequestSummary[] {
    return this.observation.requests(limit);
  }

  /** A request of the log with its way; undefined when it is not remembered any more. @param id what `x-amz-cf-id` says */
  tryFindRequest(id: string): RequestTrace | undefined {
    return this.observation.tryFindRequest(id);
  }

  tryFindSummary(id: string): RequestSummary | undefined {
    return this.observation.tryFindSummary(id);
  }

  /** Calls back with the id of each request that ended, or of which more is known; the returned function ends that. */
  onRequest(listener: (id: string) => void): () => void {
    return this.observation.subscribe(listener);
  }

  /** Sends a request to the site, as a viewer would, and answers with its way: what each part did with it, and why. */
  explain(path: string): Promise<RequestTrace> {
    return this.observation.explain(path);
  }

  /** Live counters of the edge, the tasks' caches, calls, tags and purges. */
  get metrics(): Metrics {
    return this.observation.metrics;
  }

  /** The site's tags: those that were revalidated, the latest first, and those that its pages carry. */
  get tags(): readonly TagState[] {
    return this.observation.tags;
  }

  /** Revalidates as the app's own `revalidateTag` and `revalidatePath` would. Answers the tags whose rows were written. */
  revalidate(order: RevalidationOrder): Promise<readonly string[]> {
    return this.observation.revalidate(order);
  }

  /** What is wrong now, the earliest first. */
  get faults(): readonly FaultState[] {
    return this.runner.faults.state;
  }

  /**
   * Lets a service or the origin fail: refuse, hang, be slow, throttle, or answer with a wrong byte; always or at a rate, until it is
   * removed or for a time.
   */
  addFault(fault: Fault): FaultState {
    if (fault.replica !== undefined) this.fleetOf(fault.replica);
    return this.runner.faults.add(fault);
  }

  /** Ends a fault by its id, or all of them. Partitions, frozen replicas and wrong clocks stay. */
  removeFault(id?: string): void {
    this.runner.faults.remove(id);
  }

  /** Cuts a replica off from S3, DynamoDB and CloudFront, where its calls hang, or lets it reach them again. */
  partition(replica: string, isPartitioned: boolean): void {
    this.fleetOf(replica);
    this.runner.faults.partition(replica, isPartitioned);
  }

  /** Lets a replica's processes stand still: its connections stay open, and nothing answers. */
  freeze(replica: string): void {
    this.kill(replica, 'SIGSTOP');
  }

  /** Lets a frozen replica go on. */
  resume(replica: string): void {
    this.kill(replica, 'SIGCONT');
  }

  /** Puts a replica's clock wrong, and that of the tasks that follow in its place. @param milliseconds ahead of the right time */
  skew(replica: string, milliseconds: number): void {
    this.fleetOf(replica).skew(replica, milliseconds);
  }

  /**
   * Sees every call of an embedded service that no fault has stopped, and may delay it, answer with an error or cut it off; undefined lets
   * all pass.
   */
  intercept(interceptor: Interceptor | undefined): void {
    this.runner.faults.interceptor = interceptor;
  }

  /** Hands an event to a function and waits for its answer. @param name name, ARN or logical id */
  invoke(name: string, event: unknown): Promise<InvocationResult> {
    return this.parts.functions.invoke(name, event);
  }

  /** Ends a function's processes at once, as a crash in the middle of an event would. @param name name, ARN or logical id */
  killFunction(name: string): void {
    this.parts.functions.kill(name);
  }

  /** Fulfilled when no stream record, event or invalidation is on its way. */
  async settled(): Promise<void> {
    const { functions, cloudfront } = this.parts;
    while (!functions.isIdle || cloudfront.inProgress > 0) await delay(SETTLED_POLL);
  }

  /** Sends a signal to a replica's processes; it is started again when it ends of it. */
  kill(replica: string, signal: NodeJS.Signals = 'SIGKILL'): void {
    this.fleetOf(replica).kill(replica, signal);
  }

  /**
   * Takes over another assembly of the same stack, as `cdk deploy` would: custom resources first, then the tasks in a rolling deployment,
   * then the edge's configuration. Changes of load balancers and of the set of services are not applied, and named.
   *
   * A deployment whose tasks fail is rolled back where the service's circuit breaker says so. Until its end the earlier assembly has to
   * stay where it is.
   */
  deploy(assemblyDirectory: string): Promise<DeployResult> {
    return this.runner.deploy(assemblyDirectory);
  }

  /** Adds replicas to each service behind a load balancer and waits until they are healthy, or drains and stops the latest. */
  async scale(replicas: number): Promise<void> {
    await this.runner.scale(replicas);
  }

  /** Stops everything and removes every file. */
  stop(): Promise<void> {
    this.stopped ??= this.closers.close();
    return this.stopped;
  }

  private get parts(): Parts {
    return this.runner.parts;
  }

  private fleetOf(replica: string): Fleet {
    const found = this.parts.fleets.find(({ replicas }) => replicas.some(({ id }) => id === replica));
    if (found) return found;
    const ids = this.replicas.map(({ id }) => id).join(', ') || 'none';
    throw new UserError(`cdk-nextjs-ecs local: there is no replica "${replica}"; there are: ${ids}.`);
  }
}

function tryReadFacts({ dockerAssets }: StackArtifact): BundleFacts | undefined {
  const files = dockerAssets.map(({ directory }) => join(directory, Bundle.FACTS_FILE));
  const file = files.find((path) => existsSync(path));
  return file === undefined ? undefined : (JSON.parse(readFileSync(file, 'utf8')) as BundleFacts);
}
