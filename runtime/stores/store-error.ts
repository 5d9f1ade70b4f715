/** Why a store did not do what it was asked. */
export type StoreFailure = 'denied' | 'missing' | 'throttled' | 'timeout' | 'unavailable' | 'invalid';

/** A failed call of a store, in the cache's own terms; the SDK's error is the cause. */
export class StoreError extends Error {
  constructor(
    readonly service: 's3' | 'dynamodb',
    readonly operation: string,
    readonly failure: StoreFailure,
    options?: { cause?: unknown },
  ) {
    super(`cdk-nextjs-ecs cache: ${service} ${operation} failed (${failure})${describeCause(options?.cause)}`, options);
    this.name = 'StoreError';
  }
}

function describeCause(cause: unknown): string {
  return cause instanceof Error ? `: ${cause.name}: ${cause.message}` : '';
}

const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'Forbidden',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'ExpiredToken',
  'ExpiredTokenException',
  'CredentialsProviderError',
]);
const MISSING = new Set(['NoSuchBucket', 'ResourceNotFoundException']);
const THROTTLED = new Set([
  'SlowDown',
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
]);
const INVALID = new Set(['ValidationException', 'EntityTooLarge', 'KeyTooLongError']);

/** The failure that an SDK error stands for. */
export function failureOf(error: unknown): StoreFailure {
  const name = error instanceof Error ? error.name : '';
  if (DENIED.has(name)) return 'denied';
  if (MISSING.has(name)) return 'missing';
  if (THROTTLED.has(name)) return 'throttled';
  if (INVALID.has(name)) return 'invalid';
  if (name === 'AbortError' || name === 'TimeoutError') return 'timeout';
  const status = statusOf(error);
  if (status === 403) return 'denied';
  if (status === 429 || status === 503) return 'throttled';
  return 'unavailable';
}

/** Whether the store has answered that it will not do this, however often it is asked. */
export function isRefusal(error: unknown): boolean {
  return error instanceof StoreError && ['denied', 'missing', 'invalid'].includes(error.failure);
}

/** The HTTP status behind an SDK error, where there was an answer at all. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata: unknown = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
