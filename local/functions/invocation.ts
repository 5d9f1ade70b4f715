/** What came of an event, as Lambda's `Invoke` answers. */
export interface InvocationResult {
  readonly requestId: string;
  /** What the handler returned, or the error: JSON. */
  readonly payload: unknown;
  /** Present when the function failed. */
  readonly functionError?: FunctionError;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

/** No instance takes the event: the reserved concurrency is used up. */
export class ThrottledError extends Error {
  constructor(functionName: string) {
    super(`cdk-nextjs-ecs local: function ${functionName} handles as many events as its reserved concurrency allows.`);
    this.name = 'TooManyRequestsException';
  }
}
