import { DeleteItemCommand, PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { Table } from '../../contract';
import { failureOf, StoreError } from './store-error';
import type { LeaseStore, WriteAttempt } from './tag-store';

/** How long after its end a lease that nobody released may be cleaned away by the table's time to live, in seconds. */
const CLEAN_AFTER = 3600;

/** Leases as rows of the cache's table, in a partition of their own a key: regenerations never share a hot partition. */
export class DynamoDbLeaseStore implements LeaseStore {
  constructor(
    private readonly client: () => DynamoDBClient,
    private readonly table: string,
    private readonly site: string,
  ) {}

  async acquire(key: string, holder: string, duration: number, attempt: WriteAttempt): Promise<boolean> {
    const until = Math.floor(attempt.at + duration);
    try {
      await this.client().send(
        new PutItemCommand({
          TableName: this.table,
          Item: {
            ...this.keyOf(key),
            holder: { S: holder },
            until: { N: String(until) },
            [Table.EXPIRES_AT]: { N: String(Math.ceil(until / 1000) + CLEAN_AFTER) },
          },
          ConditionExpression: 'attribute_not_exists(#partition) OR #until < :now OR holder = :holder',
          ExpressionAttributeNames: { '#partition': Table.PARTITION_KEY, '#until': 'until' },
          ExpressionAttributeValues: { ':now': { N: String(Math.floor(attempt.at)) }, ':holder': { S: holder } },
        }),
        { abortSignal: AbortSignal.timeout(attempt.timeout) },
      );
      return true;
    } catch (error) {
      if (isRefused(error)) return false;
      throw new StoreError('dynamodb', 'PutItem', failureOf(error), { cause: error });
    }
  }

  async release(key: string, holder: string, timeout: number): Promise<void> {
    try {
      await this.client().send(
        new DeleteItemCommand({
          TableName: this.table,
          Key: this.keyOf(key),
          ConditionExpression: 'holder = :holder',
          ExpressionAttributeValues: { ':holder': { S: holder } },
        }),
        { abortSignal: AbortSignal.timeout(timeout) },
      );
    } catch (error) {
      if (isRefused(error)) return;
      throw new StoreError('dynamodb', 'DeleteItem', failureOf(error), { cause: error });
    }
  }

  private keyOf(key: string): Record<string, { S: string }> {
    return { [Table.PARTITION_KEY]: { S: `${this.site}#lease#${key}` }, [Table.SORT_KEY]: { S: key } };
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && error.name === 'ConditionalCheckFailedException';
}
