import {
  BatchGetItemCommand,
  QueryCommand,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
  type QueryCommandOutput,
} from '@aws-sdk/client-dynamodb';

import { Table } from '../../contract';
import { tagSortKey, type Revalidation, type TagRow } from '../cache/tag-row';
import { failureOf, StoreError } from './store-error';
import type { TagStore, WriteAttempt } from './tag-store';
import { deadlineCase, nextDeadlineCase, updateOf, type DeadlineCase } from './tag-update';

type Item = Record<string, AttributeValue>;

/** DynamoDB's limit of one BatchGetItem. */
const BATCH_SIZE = 100;
/** Rounds in which a throttled table may leave keys of a batch unprocessed before that is a failure. */
const BATCH_ROUNDS = 8;

/** Tag rows in a DynamoDB table, a partition a shard, its local secondary index in the order of the last change. */
export class DynamoDbTagStore implements TagStore {
  constructor(
    private readonly client: () => DynamoDBClient,
    private readonly table: string,
    private readonly site: string,
    private readonly shards: number,
  ) {}

  async changedSince(since: number, timeout: number): Promise<TagRow[]> {
    const signal = AbortSignal.timeout(timeout);
    const shards = Array.from({ length: this.shards }, (_, shard) => this.changedInShard(shard, since, signal));
    return (await Promise.all(shards)).flat();
  }

  async rowsOf(tags: readonly string[], timeout: number): Promise<TagRow[]> {
    const signal = AbortSignal.timeout(timeout);
    const keys = [...new Map(tags.map((tag) => [tagSortKey(tag), this.keyOf(tag)])).values()];
    const batches: Promise<TagRow[]>[] = [];
    for (let start = 0; start < keys.length; start += BATCH_SIZE) {
      batches.push(this.batch(keys.slice(start, start + BATCH_SIZE), signal));
    }
    return (await Promise.all(batches)).flat();
  }

  async revalidate(tag: string, revalidation: Revalidation, attempt: WriteAttempt, known?: TagRow): Promise<TagRow> {
    // One for all steps: mirrors reach back by how old the stamp of an attempt may be when its row appears.
    const signal = AbortSignal.timeout(attempt.timeout);
    const tried = new Set<DeadlineCase>();
    let assumed = deadlineCase(revalidation, attempt.at, known);
    for (;;) {
      const row = await this.update(tag, revalidation, attempt.at, assumed, signal);
      if (row !== undefined) return row;
      tried.add(assumed);
      const next = nextDeadlineCase(tried);
      if (next === undefined) {
        throw new StoreError('dynamodb', 'UpdateItem', 'unavailable', {
          cause: new Error(`row of '${tag}' kept changing`),
        });
      }
      assumed = next;
    }
  }

  private async changedInShard(shard: number, since: number, signal: AbortSignal): Promise<TagRow[]> {
    const rows: TagRow[] = [];
    let start: Item | undefined;
    do {
      const page: QueryCommandOutput = await this.attempt('Query', () =>
        this.client().send(
          new QueryCommand({
            TableName: this.table,
            IndexName: Table.UPDATED_AT_INDEX,
            ConsistentRead: true,
            KeyConditionExpression: '#partition = :partition AND #updatedAt > :since',
            ExpressionAttributeNames: { '#partition': Table.PARTITION_KEY, '#updatedAt': Table.UPDATED_AT },
            ExpressionAttributeValues: {
              ':partition': { S: this.partitionOf(shard) },
              ':since': { N: String(Math.floor(since)) },
            },
            ExclusiveStartKey: start,
          }),
          { abortSignal: signal },
        ),
      );
      for (const item of page.Items ?? []) rows.push(rowOf(item));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return rows;
  }

  private async batch(keys: readonly Item[], signal: AbortSignal): Promise<TagRow[]> {
    const rows: TagRow[] = [];
    let open = [...keys];
    for (let round = 0; open.length > 0; round += 1) {
      if (round === BATCH_ROUNDS) throw new StoreError('dynamodb', 'BatchGetItem', 'throttled');
      const keysOfRound = open;
      const answer = await this.attempt('BatchGetItem', () =>
        this.client().send(
          new BatchGetItemCommand({ RequestItems: { [this.table]: { Keys: keysOfRound, ConsistentRead: true } } }),
          { abortSignal: signal },
        ),
      );
      for (const item of answer.Responses?.[this.table] ?? []) rows.push(rowOf(item));
      open = answer.UnprocessedKeys?.[this.table]?.Keys ?? [];
    }
    return rows;
  }

  private async update(
    tag: string,
    revalidation: Revalidation,
    at: number,
    assumed: DeadlineCase,
    signal: AbortSignal,
  ): Promise<TagRow | undefined> {
    try {
      const answer = await this.client().send(
        new UpdateItemCommand({
          TableName: this.table,
          Key: this.keyOf(tag),
          ...updateOf(tag, revalidation, Math.floor(at), assumed),
          ReturnValues: 'ALL_NEW',
        }),
        { abortSignal: signal },
      );
      return rowOf(answer.Attributes ?? {});
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return undefined;
      throw new StoreError('dynamodb', 'UpdateItem', failureOf(error), { cause: error });
    }
  }

  private async attempt<Result>(operation: string, call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      throw new StoreError('dynamodb', operation, failureOf(error), { cause: error });
    }
  }

  private keyOf(tag: string): Item {
    const sortKey = tagSortKey(tag);
    return { [Table.PARTITION_KEY]: { S: this.partitionOf(this.shardOf(sortKey)) }, [Table.SORT_KEY]: { S: sortKey } };
  }

  private partitionOf(shard: number): string {
    return this.shards === 1 ? `${this.site}#tag` : `${this.site}#tag#${String(shard)}`;
  }

  /** FNV-1a: cheap, and the same on every replica. */
  private shardOf(sortKey: string): number {
    let hash = 0x811c9dc5;
    for (const byte of Buffer.from(sortKey)) hash = Math.imul(hash ^ byte, 0x01000193);
    return (hash >>> 0) % this.shards;
  }
}

function rowOf(item: Item): TagRow {
  return {
    tag: item.tag?.S ?? item[Table.SORT_KEY]?.S ?? '',
    version: numberOf(item, 'version'),
    expiredVersion: numberOf(item, 'expiredVersion'),
    expiredAt: numberOf(item, 'expiredAt'),
    staleVersion: numberOf(item, 'staleVersion'),
    staleAt: numberOf(item, 'staleAt'),
    deadlineVersion: numberOf(item, 'deadlineVersion'),
    deadline: numberOf(item, 'deadline'),
    updatedAt: numberOf(item, Table.UPDATED_AT),
  };
}

function numberOf(item: Item, name: string): number {
  const number = Number(item[name]?.N ?? 0);
  return Number.isFinite(number) ? number : 0;
}
