import { setTimeout as delay } from 'node:timers/promises';

import { type InvocationResult, ThrottledError } from './invocation';
import type { LambdaFunction } from './lambda-function';

export interface AsynchronousOptions {
  /** Wait before the first repetition, in milliseconds; Lambda waits a minute, and twice as long before the second one. @default 1000 */
  readonly firstRetry?: number;
  /** How often a failed event is handed over again. @default 2 */
  readonly retries?: number;
  readonly signal: AbortSignal;
  /** Hears of an event that is given up. */
  readonly onDiscard?: (lambda: LambdaFunction, result: InvocationResult, invocations: number) => void;
}

/** Lambda's own default: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const DEFAULT_RETRIES = 2;

/**
 * Hands an event to a function as services do that do not wait for its answer: an error is tried again, a throttled call until it is taken.
 * Answers whether the function has handled it in the end.
 */
export async function invokeAsynchronously(
  find: () => LambdaFunction | undefined,
  event: unknown,
  { firstRetry = 1000, retries = DEFAULT_RETRIES, signal, onDiscard }: AsynchronousOptions,
): Promise<boolean> {
  let failures = 0;
  while (!signal.aborted) {
    const lambda = find();
    if (lambda === undefined) return true;
    const result = await tryInvoke(lambda, event);
    if (result !== undefined && !result.functionError) return true;
    if (result !== undefined && ++failures > retries) {
      onDiscard?.(lambda, result, failures);
      return false;
    }
    await delay(firstRetry * 2 ** Math.max(0, failures - 1), undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/** Undefined where the call was throttled. */
async function tryInvoke(lambda: LambdaFunction, event: unknown): Promise<InvocationResult | undefined> {
  try {
    return await lambda.invoke(event);
  } catch (error) {
    if (error instanceof ThrottledError) return undefined;
    throw error;
  }
}
