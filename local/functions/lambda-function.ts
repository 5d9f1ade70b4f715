import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { FileAsset } from '../assembly';
import type { OutputSink, Watchdog } from '../fleet';
import { placeCode } from './function-code';
import type { FunctionDefinition } from './function-definition';
import { FunctionInstance } from './function-instance';
import { type InvocationResult, ThrottledError } from './invocation';

export interface FunctionOptions {
  readonly fileAssets: readonly FileAsset[];
  /** Where the local AWS services are, and credentials for them. */
  readonly services: Readonly<Record<string, string>>;
  readonly watchdog: Watchdog;
  /** Of this function alone. */
  readonly directory: string;
  readonly output: OutputSink;
}

/** What a function has done, as JSON. */
export interface FunctionState {
  readonly logicalId: string;
  readonly title: string;
  readonly name: string;
  readonly runtime: string;
  /** Processes that are there, at work or waiting for an event. */
  readonly instances: number;
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly lastError?: string;
}

/** A Lambda function: as many instances as there are events at a time, used again and again. */
export class LambdaFunction {
  private readonly instances = new Set<FunctionInstance>();
  private readonly idle: FunctionInstance[] = [];
  private readonly counts = { invocations: 0, errors: 0, throttles: 0 };
  private active = 0;
  private isRetired = false;
  private isClosed = false;
  private lastError?: string;
  private placed?: Promise<string>;

  constructor(
    readonly definition: FunctionDefinition,
    private readonly options: FunctionOptions,
  ) {}

  get state(): FunctionState {
    const { logicalId, title, name, runtime } = this.definition;
    const { lastError } = this;
    const instances = this.instances.size;
    return {
      logicalId,
      title,
      name,
      runtime,
      instances,
      ...this.counts,
      ...(lastError !== undefined && { lastError }),
    };
  }

  /** Hands an event to the function and waits for its answer. @throws ThrottledError when its reserved concurrency is used up */
  async invoke(payload: unknown): Promise<InvocationResult> {
    const { reservedConcurrency = Infinity, title } = this.definition;
    if (this.active >= reservedConcurrency) {
      this.counts.throttles++;
      throw new ThrottledError(title);
    }
    this.active++;
    this.counts.invocations++;
    try {
      const result = await this.run(payload);
      if (result.functionError) this.fail(result.functionError.errorMessage);
      return result;
    } finally {
      this.active--;
    }
  }

  /** Starts a process before there is an event, which then waits for less. What goes wrong shows with the event. */
  async prepare(): Promise<void> {
    if (this.instances.size > 0) return;
    const instance = await this.takeInstance().catch(() => undefined);
    if (instance === undefined) return;
    if (this.isRetired) this.end(instance);
    else this.idle.push(instance);
  }

  /** Ends the function's processes at once, as a crash in the middle of an event would. */
  kill(): void {
    for (const instance of this.instances) instance.kill();
  }

  /** Takes no more events: the processes end when they have handled theirs. */
  retire(): void {
    this.isRetired = true;
    for (const instance of this.idle.splice(0)) this.end(instance);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.instances].map((instance) => instance.close()));
    this.instances.clear();
  }

  private async run(payload: unknown): Promise<InvocationResult> {
    let instance: FunctionInstance;
    try {
      instance = await this.takeInstance();
    } catch (error) {
      const errorMessage = error instanceof Error ? error.message : String(error);
      const functionError = { errorType: 'Runtime.InvalidCode', errorMessage };
      return { requestId: randomUUID(), payload: functionError, functionError };
    }
    const result = await instance.invoke(payload);
    if (instance.isAlive && !this.isRetired) this.idle.push(instance);
    else this.end(instance);
    return result;
  }

  private async takeInstance(): Promise<FunctionInstance> {
    this.placed ??= this.place();
    const directory = await this.placed;
    for (let instance = this.idle.pop(); instance !== undefined; instance = this.idle.pop()) {
      if (instance.isAlive) return instance;
      this.end(instance);
    }
    if (this.isClosed) throw new Error('The local stack has been stopped.');
    const { definition, options } = this;
    const created = new FunctionInstance({
      definition,
      directory,
      environment: this.environment(directory),
      watchdog: options.watchdog,
      onLine: (line) => {
        options.output(definition.title, line);
      },
    });
    this.instances.add(created);
    return created;
  }

  private end(instance: FunctionInstance): void {
    instance.kill();
    this.instances.delete(instance);
  }

  private fail(message: string): void {
    this.counts.errors++;
    this.lastError = message;
    this.options.output(this.definition.title, message);
  }

  private async place(): Promise<string> {
    const directory = join(this.options.directory, 'code');
    await placeCode(this.definition, this.options.fileAssets, directory);
    await mkdir(this.home, { recursive: true });
    return directory;
  }

  private get home(): string {
    return join(this.options.directory, 'tmp');
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, and nothing of the developer's own shell but the search path. */
  private environment(directory: string): Record<string, string> {
    const { name, arn, handler, runtime, memorySize, environment } = this.definition;
    return {
      TZ: 'UTC',
      PATH: process.env.PATH ?? '',
      ...environment,
      HOME: this.home,
      TMPDIR: this.home,
      _HANDLER: handler,
      LAMBDA_TASK_ROOT: directory,
      AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memorySize),
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: 'local',
      CDK_NEXTJS_ECS_FUNCTION_ARN: arn,
      // This machine's Node.js stands in for the template's runtime: what an SDK thinks of its age is no concern of the function's.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      // Each function signs with a key of its own, by which the stores can tell the callers apart.
      AWS_ACCESS_KEY_ID: name,
      ...this.options.services,
    };
  }
}
