import { setTimeout as delay } from 'node:timers/promises';

import type { S3Server, StreamRecord, TableStream } from '../stores';
import { handledRecords } from './batch-response';
import { type FailureCondition, keepDiscarded } from './failure-destination';
import { type InvocationResult, ThrottledError } from './invocation';
import type { LambdaFunction } from './lambda-function';
import type { MappingSettings } from './mapping-settings';

/** How fast a mapping works, in milliseconds. */
export interface StreamPace {
  /** Between two looks at the stream: Lambda looks four times a second. @default 250 */
  readonly poll?: number;
  /** Factor of the batching windows. @default 1 */
  readonly window?: number;
  /** Wait before the first repetition of a failed batch; doubled with each further one. @default 500 */
  readonly firstRetry?: number;
  /** @default 30000 */
  readonly longestRetry?: number;
}

export interface StreamMappingOptions {
  readonly stream: TableStream;
  /** The function as it is now; a deployment replaces it. */
  readonly find: (functionName: string) => LambdaFunction | undefined;
  readonly s3: S3Server;
  readonly pace: StreamPace;
}

/** What a mapping has done, as JSON. */
export interface MappingState {
  readonly logicalId: string;
  readonly uuid: string;
  readonly functionName: string;
  /** Records that are waiting or being handled. */
  readonly pending: number;
  readonly batches: number;
  readonly retries: number;
  /** Records that were given up. */
  readonly discarded: number;
}

/** Records on their way through a function, with the attempts that have failed. */
interface Attempt {
  readonly records: readonly StreamRecord[];
  readonly failures: number;
  readonly invocations: number;
}

/** What an invocation may carry, in bytes. */
const MAX_PAYLOAD = 6 * 1024 * 1024;

/**
 * Hands the records of a table's stream to a function, in batches and in their order: a batch that fails blocks those after it until it is
 * handled or given up.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export class StreamMapping {
  private readonly queue: StreamRecord[] = [];
  private readonly counts = { batches: 0, retries: 0, discarded: 0 };
  private readonly closed = new AbortController();
  private readonly unsubscribe: () => void;
  private readonly running: Promise<void>;
  private handling = 0;
  private wake: () => void = () => undefined;

  constructor(
    private settings: MappingSettings,
    private readonly options: StreamMappingOptions,
  ) {
    this.unsubscribe = options.stream.subscribe((record) => {
      if (!this.settings.isEnabled || !this.settings.matches(record)) return;
      this.queue.push(record);
      this.wake();
    });
    this.running = this.run();
  }

  get state(): MappingState {
    const { logicalId, uuid, functionName } = this.settings;
    return { logicalId, uuid, functionName, pending: this.queue.length + this.handling, ...this.counts };
  }

  /** What of the mapping does not work as in AWS, in sentences. */
  get notes(): readonly string[] {
    return this.settings.unsupported.map((sentence) => `event source mapping ${this.settings.logicalId}: ${sentence}`);
  }

  /** Goes on with what another template says; what is waiting is kept. */
  update(settings: MappingSettings): void {
    this.settings = settings;
  }

  async close(): Promise<void> {
    this.unsubscribe();
    this.closed.abort();
    this.wake();
    await this.running;
  }

  private async run(): Promise<void> {
    const { poll = 250 } = this.options.pace;
    while (!this.isClosed()) {
      if (this.queue.length === 0) {
        await this.nextRecord();
        await this.pause(poll);
      }
      await this.waitForWindow();
      const batch = this.takeBatch();
      if (batch.length > 0 && !this.isClosed()) await this.handle(batch);
    }
  }

  /** Fulfilled when there is a record, or the mapping is closed. */
  private async nextRecord(): Promise<void> {
    if (this.queue.length > 0 || this.isClosed()) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
  }

  /** The window begins with its first record, or when the batch before it is done; a full batch ends it. */
  private async waitForWindow(): Promise<void> {
    const { batchSize, batchingWindow } = this.settings;
    const end = performance.now() + batchingWindow * (this.options.pace.window ?? 1);
    while (this.queue.length < batchSize && !this.isClosed()) {
      const left = end - performance.now();
      if (left <= 0) return;
      const woken = new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      const timer = new AbortController();
      await Promise.race([woken, this.pause(left, timer.signal)]);
      timer.abort();
    }
  }

  private takeBatch(): StreamRecord[] {
    let bytes = 0;
    let count = 0;
    for (const { dynamodb } of this.queue.slice(0, this.settings.batchSize)) {
      bytes += dynamodb.SizeBytes;
      if (count > 0 && bytes > MAX_PAYLOAD) break;
      count++;
    }
    return this.queue.splice(0, count);
  }

  private async handle(records: readonly StreamRecord[]): Promise<void> {
    this.counts.batches++;
    // In the stream's order: a part must be done with before the next one begins.
    const parts: Attempt[] = [{ records, failures: 0, invocations: 0 }];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      this.handling = [part, ...parts].reduce((sum, attempt) => sum + attempt.records.length, 0);
      parts.unshift(...(await this.attempt(part)));
      if (this.isClosed()) return;
    }
    this.handling = 0;
  }

  /** Hands the records over once. What is left of them comes back, in parts. */
  private async attempt(attempt: Attempt): Promise<readonly Attempt[]> {
    const fresh = this.discardAged(attempt);
    if (fresh.records.length === 0) return [];
    const result = await this.invoke(fresh.records);
    if (this.isClosed()) return [];
    if (result === undefined) {
      await this.backOff(attempt.failures + 1);
      return [fresh];
    }
    const done = result.functionError ? 0 : this.countHandled(fresh.records, result);
    if (done === fresh.records.length) return [];
    const next = { ...fresh, records: fresh.records.slice(done), invocations: fresh.invocations + 1 };
    const halves = result.functionError ? this.bisect(next) : undefined;
    // Splitting a batch does not count as a retry.
    const failures = fresh.failures + (halves ? 0 : 1);
    if (failures > this.settings.maxRetries) {
      this.discard(next, 'RetryAttemptsExhausted', result);
      return [];
    }
    this.counts.retries++;
    await this.backOff(next.invocations);
    return halves ?? [{ ...next, failures }];
  }

  /** Undefined where the function was not reached. */
  private async invoke(records: readonly StreamRecord[]): Promise<InvocationResult | undefined> {
    try {
      return await this.options.find(this.settings.functionName)?.invoke({ Records: records });
    } catch (error) {
      if (error instanceof ThrottledError) return undefined;
      throw error;
    }
  }

  private countHandled(records: readonly StreamRecord[], { payload }: InvocationResult): number {
    return this.settings.reportsItemFailures ? handledRecords(records, payload) : records.length;
  }

  private bisect({ records, failures, invocations }: Attempt): readonly Attempt[] | undefined {
    if (!this.settings.bisects || records.length < 2) return undefined;
    const middle = Math.ceil(records.length / 2);
    return [records.slice(0, middle), records.slice(middle)].map((half) => ({ records: half, failures, invocations }));
  }

  private discardAged(attempt: Attempt): Attempt {
    const oldest = Date.now() - this.settings.maxAge;
    const isAged = ({ dynamodb }: StreamRecord) => (dynamodb.ApproximateCreationDateTime + 1) * 1000 < oldest;
    const aged = attempt.records.filter(isAged);
    if (aged.length === 0) return attempt;
    this.discard({ ...attempt, records: aged }, 'RecordAgeExceeded');
    return { ...attempt, records: attempt.records.filter((record) => !isAged(record)) };
  }

  private discard({ records, invocations }: Attempt, condition: FailureCondition, result?: InvocationResult): void {
    const { failureBucket, uuid, functionName } = this.settings;
    this.counts.discarded += records.length;
    if (failureBucket === undefined) return;
    const functionArn = this.options.find(functionName)?.definition.arn ?? functionName;
    keepDiscarded(this.options.s3, failureBucket, { uuid, functionArn, condition, records, invocations, result });
  }

  private async backOff(attempts: number): Promise<void> {
    const { firstRetry = 500, longestRetry = 30_000 } = this.options.pace;
    await this.pause(Math.min(firstRetry * 2 ** Math.min(attempts - 1, 20), longestRetry));
  }

  private async pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (milliseconds <= 0) return;
    const signals = [this.closed.signal, ...(signal ? [signal] : [])];
    await delay(milliseconds, undefined, { signal: AbortSignal.any(signals) }).catch(() => undefined);
  }

  private isClosed(): boolean {
    return this.closed.signal.aborted;
  }
}
