import type { StreamRecord } from '../stores';

/**
 * How many of a batch's records a function has handled, by what it answered.
 *
 * The lowest sequence number that it reports is where the next attempt begins; an answer that is not understood fails the whole batch.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
export function handledRecords(records: readonly StreamRecord[], payload: unknown): number {
  if (typeof payload !== 'object' || payload === null || !('batchItemFailures' in payload)) return records.length;
  const { batchItemFailures: failures } = payload;
  if (failures === null || failures === undefined) return records.length;
  if (!Array.isArray(failures)) return 0;
  const positions = failures.map((failure: unknown) => {
    const { itemIdentifier } = (failure ?? {}) as { readonly itemIdentifier?: unknown };
    return records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === itemIdentifier);
  });
  return Math.max(0, Math.min(records.length, ...positions));
}
