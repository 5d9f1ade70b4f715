import { randomUUID } from 'node:crypto';

import type { S3Server, StreamRecord } from '../stores';
import type { FunctionDefinition } from './function-definition';
import type { InvocationResult } from './invocation';

/** Why records are given up. */
export type FailureCondition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export interface DiscardedBatch {
  readonly uuid: string;
  readonly functionArn: string;
  readonly condition: FailureCondition;
  readonly records: readonly StreamRecord[];
  readonly invocations: number;
  readonly result?: InvocationResult;
}

/** The table's stream has one shard here. */
export const SHARD_ID = 'shardId-00000000000000000000-00000000';

/**
 * Keeps what a mapping gives up as an object of a bucket, whole: a queue would get only where the records were. Answers whether there is
 * such a bucket.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export function keepDiscarded(s3: S3Server, bucket: string, batch: DiscardedBatch): boolean {
  if (!s3.bucketNames().includes(bucket)) return false;
  const now = new Date();
  keep(s3, bucket, `${batch.uuid}/${SHARD_ID}`, invocationRecord(batch, now), now);
  return true;
}

/** An event that a service has handed over and that is given up. */
export interface DiscardedEvent {
  readonly definition: FunctionDefinition;
  readonly event: unknown;
  readonly result: InvocationResult;
  readonly invocations: number;
}

/** As {@link keepDiscarded}: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
export function keepDiscardedEvent(s3: S3Server, bucket: string, discarded: DiscardedEvent): boolean {
  if (!s3.bucketNames().includes(bucket)) return false;
  const { definition, event, result, invocations } = discarded;
  const now = new Date();
  const record = {
    version: '1.0',
    timestamp: now.toISOString(),
    requestContext: {
      requestId: result.requestId,
      functionArn: `${definition.arn}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: invocations,
    },
    requestPayload: event,
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload: result.payload,
  };
  keep(s3, bucket, `async/${definition.name}`, record, now);
  return true;
}

function keep(s3: S3Server, bucket: string, place: string, record: object, now: Date): void {
  const [date = '', time = ''] = now.toISOString().slice(0, 19).split('T');
  const name = `${date}T${time.replaceAll(':', '.')}-${randomUUID()}`;
  const body = Buffer.from(JSON.stringify(record));
  const key = `aws/lambda/${place}/${date.replaceAll('-', '/')}/${name}`;
  s3.putObject(bucket, key, { body, headers: { 'content-type': 'application/json' } });
}

function invocationRecord({ functionArn, condition, records, invocations, result }: DiscardedBatch, now: Date): object {
  const [first, last] = [records[0], records.at(-1)];
  return {
    requestContext: {
      requestId: result?.requestId ?? randomUUID(),
      functionArn,
      condition,
      approximateInvokeCount: invocations,
    },
    ...(result && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: result.functionError ? 'Unhandled' : null,
      },
    }),
    version: '1.0',
    timestamp: now.toISOString(),
    DDBStreamBatchInfo: {
      shardId: SHARD_ID,
      startSequenceNumber: first?.dynamodb.SequenceNumber,
      endSequenceNumber: last?.dynamodb.SequenceNumber,
      approximateArrivalOfFirstRecord: arrival(first),
      approximateArrivalOfLastRecord: arrival(last),
      batchSize: records.length,
      streamArn: first?.eventSourceARN,
    },
    payload: { Records: records },
  };
}

function arrival(record: StreamRecord | undefined): string | undefined {
  if (record === undefined) return undefined;
  return new Date(record.dynamodb.ApproximateCreationDateTime * 1000).toISOString().replace('.000Z', 'Z');
}
