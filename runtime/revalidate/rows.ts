import { UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

import { Table } from '../../contract';
import type { TableClock } from '../cache/clock';
import type { Revalidation } from '../cache/tag-row';
import { failureOf, StoreError } from '../stores/store-error';
import type { TagStore } from '../stores/tag-store';

/** Rows written at the same time. */
const CONCURRENCY = 16;
const ATTEMPT_TIMEOUT = 5000;
/** A table that throttles thousands of writes takes them one after another: patience is worth more than haste. */
const LONGEST_WAIT = 120_000;
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 2000;

/** Writes rows as the tasks do, but with no task's view of the table and with more patience. */
export class RowWriter {
  constructor(
    private readonly store: TagStore,
    private readonly clock: TableClock,
    private readonly patience: Patience,
  ) {}

  /** Writes all, and throws then if one could not be written. */
  async write(tags: readonly string[], revalidation: Revalidation, onWritten: () => void): Promise<void> {
    const open = [...tags];
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      for (let tag = open.shift(); tag !== undefined; tag = open.shift()) {
        try {
          await this.writeOne(tag, revalidation);
          onWritten();
        } catch (error) {
          failures.push(error);
          // What is not allowed or not there is so for every row.
          if (!isWorthRetrying(error)) open.length = 0;
        }
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    if (failures.length > 0) throw failures[0];
  }

  private async writeOne(tag: string, revalidation: Revalidation): Promise<void> {
    await this.patience.attempt(() =>
      // Stamped anew each time: an old stamp would hide the row from those who read what is new.
      this.store.revalidate(tag, revalidation, { at: this.clock.now(), timeout: ATTEMPT_TIMEOUT }),
    );
  }
}

/** Tries again what may succeed later. */
export class Patience {
  constructor(
    private readonly now: () => number,
    private readonly pause: (milliseconds: number) => Promise<unknown>,
  ) {}

  async attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    const until = this.now() + LONGEST_WAIT;
    for (let failures = 0; ; failures += 1) {
      try {
        return await work();
      } catch (error) {
        const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures) * (0.5 + Math.random());
        if (!isWorthRetrying(error) || this.now() + pause > until) throw error;
        await this.pause(pause);
      }
    }
  }
}

/**
 * Asks the table for the time: rows are stamped by its clock, because the tasks look for what is newer than what they have read. The
 * question is a write that is always refused, for who may only revalidate may not read.
 */
export async function askTime(
  client: DynamoDBClient,
  table: string,
  site: string,
  clock: TableClock,
  now: () => number,
): Promise<void> {
  const sentAt = now();
  try {
    await client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { [Table.PARTITION_KEY]: { S: `${site}#tag` }, [Table.SORT_KEY]: { S: '#time' } },
        UpdateExpression: 'SET asked = :asked',
        ConditionExpression: 'attribute_exists(#key) AND attribute_not_exists(#key)',
        ExpressionAttributeNames: { '#key': Table.PARTITION_KEY },
        ExpressionAttributeValues: { ':asked': { BOOL: true } },
      }),
      { abortSignal: AbortSignal.timeout(ATTEMPT_TIMEOUT) },
    );
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') {
      throw new StoreError('dynamodb', 'UpdateItem', failureOf(error), { cause: error });
    }
    const { $response: response } = error as { $response?: { headers?: Readonly<Record<string, string>> } };
    clock.observe(sentAt, now(), Date.parse(response?.headers?.date ?? ''));
  }
}

function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof StoreError) || !['denied', 'missing', 'invalid'].includes(error.failure);
}
