import { TokenBucket } from '../../token-bucket';
import { itemSize, sameItem, type Item } from './attribute-value';
import { DynamoDbError } from './errors';
import { valueId } from './item-collection';
import type { Table } from './table';

const UNIT_BYTES = 1024;

/**
 * Refuses writes to a partition key that is written to faster than a partition of DynamoDB can be: 1,000 units a second, what local
 * indexes cost included.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
export class PartitionThrottle {
  private readonly buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly unitsPerSecond: number,
    private readonly now: () => number,
  ) {}

  /** @throws DynamoDbError when the partition key has no units left */
  take(table: Table, key: Item, images: { readonly old: Item | undefined; readonly next: Item | undefined }): void {
    const [partition = ''] = table.keyNames;
    const id = `${table.name}\n${valueId(key[partition] ?? {})}`;
    const bucket = this.buckets.get(id) ?? new TokenBucket(this.unitsPerSecond, this.now);
    this.buckets.set(id, bucket);
    if (!bucket.isOpen()) throw throttled(table);
    bucket.take(unitsOf(table, images.old, images.next));
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ThroughputConsiderations.Writes */
function unitsOf(table: Table, old: Item | undefined, next: Item | undefined): number {
  const locals = [...table.indexes.values()].filter(({ isLocal }) => isLocal);
  return locals.reduce(
    (sum, index) => {
      const [before, after] = [old && table.indexed(old, index), next && table.indexed(next, index)];
      if (before && after && sameItem(before, after)) return sum;
      const moves = before && after && !sameItem(table.indexKey(before, index), table.indexKey(after, index));
      // An item that moves in an index is deleted there and put anew.
      if (moves) return sum + units(before) + units(after);
      return sum + (before || after ? Math.max(units(before), units(after)) : 0);
    },
    Math.max(1, units(old), units(next)),
  );
}

function units(item: Item | undefined): number {
  return item ? Math.max(1, Math.ceil(itemSize(item) / UNIT_BYTES)) : 0;
}

function throttled({ definition }: Table): DynamoDbError {
  if (definition.BillingMode === 'PAY_PER_REQUEST') {
    return new DynamoDbError(
      'ThrottlingException',
      'Throughput exceeds the current throughput limit for your table or index. One partition key takes 1,000 write units a second.',
    );
  }
  return new DynamoDbError(
    'ProvisionedThroughputExceededException',
    'The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.',
  );
}
