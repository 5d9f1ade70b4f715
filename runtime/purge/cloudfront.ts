import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';

/**
 * What CloudFront makes of an invalidation: it takes it, it refuses what it says, or it cannot take it now (busy, unreachable, or not
 * permitted: permissions too come and go with deployments).
 */
export type Answer = { readonly kind: 'taken' } | { readonly kind: 'refused' | 'busy'; readonly error: Error };

/** One call of CreateInvalidation. The same reference with the same items is one invalidation, however often it is sent. */
export type SendInvalidation = (items: readonly string[], reference: string) => Promise<Answer>;

const CALL_TIMEOUT = 10_000;

/** Sends to one distribution. */
export function cloudFrontSender(distribution: string): SendInvalidation {
  // One attempt: whether and when to try again is decided by who knows the time that is left.
  const client = new CloudFrontClient({ maxAttempts: 1 });
  return async (items, reference) => {
    try {
      await client.send(
        new CreateInvalidationCommand({
          DistributionId: distribution,
          InvalidationBatch: { CallerReference: reference, Paths: { Quantity: items.length, Items: [...items] } },
        }),
        { abortSignal: AbortSignal.timeout(CALL_TIMEOUT) },
      );
      return { kind: 'taken' };
    } catch (error) {
      return answerOf(error instanceof Error ? error : new Error(String(error)));
    }
  };
}

const BUSY = new Set([
  'TooManyInvalidationsInProgress',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestTimeout',
  'RequestExpired',
]);

function answerOf(error: Error): Answer {
  if (isKnownReference(error)) return { kind: 'taken' };
  const status = statusOf(error);
  const refused = !BUSY.has(error.name) && (status === 400 || status === 413);
  return { kind: refused ? 'refused' : 'busy', error };
}

/**
 * The reference was used before, and ours is made of the items: CloudFront has them already. It says so in more than one way.
 * https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_InvalidationBatch.html
 */
function isKnownReference({ name, message }: Error): boolean {
  return (
    name === 'InvalidationBatchAlreadyExists' || (name === 'InvalidArgument' && /caller ?reference/i.test(message))
  );
}

function statusOf(error: Error): number | undefined {
  const { $metadata: metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return metadata?.httpStatusCode;
}
