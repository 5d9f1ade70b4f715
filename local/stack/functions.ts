import type { ResolvedResource, ResolvedStack } from '../assembly';
import { EventBus, readRule } from '../events';
import type { OutputSink, Watchdog } from '../fleet';
import {
  Functions,
  type FunctionState,
  invokeAsynchronously,
  type InvocationResult,
  type InvokeConfig,
  keepDiscardedEvent,
  type MappingState,
  readInvokeConfigs,
  readMapping,
  StreamMapping,
  type StreamPace,
} from '../functions';
import { UserError } from '../user-error';
import type { Stores } from './stores';

/** What functions do and wait for, as JSON. */
export interface FunctionsState {
  readonly functions: readonly FunctionState[];
  readonly mappings: readonly MappingState[];
  /** Deliveries of events that have not ended. */
  readonly deliveries: number;
}

export interface StackFunctionsOptions {
  readonly stores: Stores;
  /** Variables of the functions by which they find the AWS services. */
  readonly services: Readonly<Record<string, string>>;
  readonly watchdog: Watchdog;
  readonly directory: string;
  readonly output: OutputSink;
  readonly pace: StreamPace;
}

/** The stack's functions, and what invokes them: streams and event rules. */
export class StackFunctions {
  readonly bus: EventBus;
  readonly functions: Functions;
  private readonly mappings = new Map<string, StreamMapping>();
  private readonly closed = new AbortController();
  private notRun: readonly string[] = [];
  private invokeConfigs: readonly InvokeConfig[] = [];

  constructor(
    stack: ResolvedStack,
    private readonly options: StackFunctionsOptions,
  ) {
    this.functions = new Functions(stack, options);
    this.bus = new EventBus({
      account: stack.account,
      region: stack.region,
      deliver: (arn, input) => this.deliver(arn, input),
    });
    this.connect(stack);
  }

  get state(): FunctionsState {
    return {
      functions: this.functions.state,
      mappings: [...this.mappings.values()].map(({ state }) => state),
      deliveries: this.bus.pending,
    };
  }

  /** What does not run as it would on AWS, in sentences. */
  get notes(): readonly string[] {
    return [
      ...this.notRun,
      ...this.invokeConfigs.flatMap(({ unsupported }) => unsupported),
      ...[...this.mappings.values()].flatMap(({ notes }) => notes),
      ...this.bus.notes,
    ];
  }

  /** Whether no record and no event waits or is being handled. */
  get isIdle(): boolean {
    return this.bus.pending === 0 && [...this.mappings.values()].every(({ state }) => state.pending === 0);
  }

  /** Hands an event to a function and waits for its answer. @param name name, ARN or logical id */
  async invoke(name: string, event: unknown): Promise<InvocationResult> {
    return this.find(name).invoke(event);
  }

  /** Ends a function's processes at once. */
  kill(name: string): void {
    this.find(name).kill();
  }

  /** Runs another template's functions, mappings and rules from now on. */
  update(stack: ResolvedStack): void {
    this.functions.replace(stack);
    this.connect(stack);
  }

  async close(): Promise<void> {
    this.closed.abort();
    const mappings = [...this.mappings.values()].map((mapping) => mapping.close());
    // First the functions: a mapping waits for the batch that it has handed over.
    await this.functions.close();
    await Promise.all(mappings);
  }

  private async deliver(arn: string, event: unknown): Promise<void> {
    const { stores, pace } = this.options;
    const config = this.invokeConfigs.find(
      ({ functionName }) => this.functions.tryFind(functionName) === this.functions.tryFind(arn),
    );
    const { retries, failureBucket } = config ?? {};
    await invokeAsynchronously(() => this.functions.tryFind(arn), event, {
      firstRetry: pace.firstRetry,
      retries,
      signal: this.closed.signal,
      onDiscard: ({ definition }, result, invocations) => {
        if (failureBucket === undefined) return;
        keepDiscardedEvent(stores.s3, failureBucket, { definition, event, result, invocations });
      },
    });
  }

  private find(name: string) {
    const found = this.functions.tryFind(name);
    if (found) return found;
    const names = this.functions.state.map(({ logicalId }) => logicalId).join(', ') || 'none';
    throw new UserError(`cdk-nextjs-ecs local: there is no function "${name}"; there are: ${names}.`);
  }

  private connect(stack: ResolvedStack): void {
    const resources = stack.ofType('AWS::Lambda::EventSourceMapping');
    this.notRun = resources.flatMap((resource) => this.connectMapping(resource));
    for (const [logicalId, mapping] of this.mappings) {
      if (resources.some((resource) => resource.logicalId === logicalId)) continue;
      this.mappings.delete(logicalId);
      void mapping.close();
    }
    this.invokeConfigs = readInvokeConfigs(stack);
    this.bus.setRules(stack.ofType('AWS::Events::Rule').map(readRule));
  }

  private connectMapping(resource: ResolvedResource): string[] {
    const settings = readMapping(resource);
    const existing = this.mappings.get(settings.logicalId);
    if (existing) {
      existing.update(settings);
      return [];
    }
    const { stores, pace } = this.options;
    const stream = stores.tryFindStream(settings.streamArn);
    if (stream === undefined || this.functions.tryFind(settings.functionName) === undefined) {
      const missing = stream === undefined ? settings.streamArn : settings.functionName;
      return [`event source mapping ${settings.logicalId} is not run: ${missing} is not in the stack`];
    }
    const find = (name: string) => this.functions.tryFind(name);
    this.mappings.set(settings.logicalId, new StreamMapping(settings, { stream, find, s3: stores.s3, pace }));
    return [];
  }
}
