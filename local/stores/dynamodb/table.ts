import { bytes, itemSize, sameItem, typeOf, valueSize, type Item } from './attribute-value';
import { DynamoDbError } from './errors';
import { ItemCollection, valueId } from './item-collection';
import type { PartitionThrottle } from './partition-throttle';
import type { KeySchemaElement, SecondaryIndex, TableDefinition } from './table-definition';

/** What a write did to an item; one of the images is missing when it was created or deleted. */
export interface ItemChange {
  readonly key: Item;
  readonly oldImage?: Item;
  readonly newImage?: Item;
}

export interface TableIndex {
  readonly definition: SecondaryIndex;
  readonly isLocal: boolean;
  readonly items: ItemCollection;
}

const MAX_ITEM_BYTES = 400 * 1024;
const MAX_PARTITION_KEY_BYTES = 2048;
const MAX_SORT_KEY_BYTES = 1024;

/** Items and indexes of a table. Every write is one synchronous step: item, indexes and change feed never differ. */
export class Table {
  readonly items: ItemCollection;
  readonly indexes: ReadonlyMap<string, TableIndex>;
  /** Partition key and, where there is one, sort key. */
  readonly keyNames: readonly string[];
  private readonly byKey = new Map<string, Item>();

  constructor(
    readonly definition: TableDefinition,
    private readonly onChange: (change: ItemChange) => void,
    /** Bounds the writes to one partition key. */
    readonly throttle?: PartitionThrottle,
  ) {
    this.keyNames = attributeNames(definition.KeySchema);
    const [partition = '', ...order] = this.keyNames;
    this.items = new ItemCollection({ partition, order });
    this.indexes = new Map([
      ...(definition.LocalSecondaryIndexes ?? []).map((index) => this.makeIndex(index, true)),
      ...(definition.GlobalSecondaryIndexes ?? []).map((index) => this.makeIndex(index, false)),
    ]);
  }

  get name(): string {
    return this.definition.TableName;
  }

  get size(): number {
    return this.byKey.size;
  }

  get(key: Item): Item | undefined {
    return this.byKey.get(this.keyId(key));
  }

  all(): Iterable<Item> {
    return this.byKey.values();
  }

  /** Writes, or with undefined deletes, the item of a key. Writing what is there already is no change. */
  set(key: Item, item: Item | undefined): void {
    const old = this.get(key);
    if (old === item || (old && item && sameItem(old, item))) return;
    this.store(key, item);
    this.onChange({ key: this.keyOf(key), ...(old && { oldImage: old }), ...(item && { newImage: item }) });
  }

  /** As {@link set}, unseen by the change feed. */
  store(key: Item, item: Item | undefined): void {
    const old = this.get(key);
    if (item) this.byKey.set(this.keyId(key), item);
    else this.byKey.delete(this.keyId(key));
    this.items.replace(old, item);
    for (const index of this.indexes.values()) {
      const indexed = (image: Item | undefined) => (image && this.isIndexed(image, index) ? image : undefined);
      index.items.replace(indexed(old), indexed(item));
    }
  }

  keyOf(item: Item): Item {
    return pick(item, this.keyNames);
  }

  /** What an index holds of an item; nothing where the item lacks the index's key. */
  indexed(item: Item, index: TableIndex): Item | undefined {
    return this.isIndexed(item, index) ? this.project(item, index) : undefined;
  }

  /** An item's key in an index. */
  indexKey(item: Item, { definition }: TableIndex): Item {
    return pick(item, attributeNames(definition.KeySchema));
  }

  /** What of an item an index holds. */
  project(item: Item, { definition: { Projection: projection, KeySchema: schema } }: TableIndex): Item {
    if (projection.ProjectionType === undefined || projection.ProjectionType === 'ALL') return item;
    return pick(item, [...this.keyNames, ...attributeNames(schema), ...(projection.NonKeyAttributes ?? [])]);
  }

  assertKey(key: Item): void {
    if (Object.keys(key).length !== this.keyNames.length) throw DynamoDbError.keyMismatch();
    for (const name of this.keyNames) {
      const value = key[name];
      if (!value || typeOf(value) !== this.typeOfAttribute(name)) throw DynamoDbError.keyMismatch();
    }
    this.assertKeySizes(key);
  }

  assertItem(item: Item): void {
    for (const name of this.keyNames) {
      const value = item[name];
      if (!value) throw DynamoDbError.invalidParameter(`Missing the key ${name} in the item`);
      this.assertType(name, item, 'Type mismatch for key');
    }
    for (const { definition } of this.indexes.values()) {
      for (const name of attributeNames(definition.KeySchema))
        this.assertType(name, item, 'Type mismatch for Index Key');
    }
    this.assertKeySizes(item);
    if (itemSize(item) > MAX_ITEM_BYTES)
      throw DynamoDbError.validation('Item size has exceeded the maximum allowed size');
  }

  /** An item without an index's key attributes is not in that index. */
  private isIndexed(item: Item, { definition }: TableIndex): boolean {
    return attributeNames(definition.KeySchema).every((name) => item[name]);
  }

  private makeIndex(definition: SecondaryIndex, isLocal: boolean): [string, TableIndex] {
    const [partition = '', ...sort] = attributeNames(definition.KeySchema);
    // Items with the same index key stand in the order of the table's key.
    const items = new ItemCollection({ partition, order: [...sort, ...this.keyNames] });
    return [definition.IndexName, { definition, isLocal, items }];
  }

  private keyId(key: Item): string {
    return this.keyNames.map((name) => valueId(key[name] ?? {})).join('\n');
  }

  private typeOfAttribute(name: string): string | undefined {
    return this.definition.AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
  }

  private assertType(name: string, item: Item, problem: string): void {
    const [value, expected] = [item[name], this.typeOfAttribute(name)];
    if (value && typeOf(value) !== expected) {
      throw DynamoDbError.invalidParameter(
        `${problem} ${name} expected: ${expected ?? 'none'} actual: ${typeOf(value)}`,
      );
    }
  }

  private assertKeySizes(item: Item): void {
    const [partition = '', sort] = this.keyNames;
    this.assertKeySize(partition, item, MAX_PARTITION_KEY_BYTES);
    if (sort !== undefined) this.assertKeySize(sort, item, MAX_SORT_KEY_BYTES);
  }

  private assertKeySize(name: string, item: Item, maxBytes: number): void {
    const value = item[name] ?? {};
    if (value.S === '' || (value.B !== undefined && bytes(value.B).length === 0)) {
      throw DynamoDbError.validation(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty value. Key: ${name}`,
      );
    }
    if (valueSize(value) > maxBytes) {
      throw DynamoDbError.invalidParameter(
        `Size of key ${name} has exceeded the maximum size limit of ${String(maxBytes)} bytes`,
      );
    }
  }
}

/** The attributes of a key schema, the partition key first. */
export function attributeNames(schema: readonly KeySchemaElement[]): string[] {
  return [...schema]
    .sort((left, right) => (left.KeyType === right.KeyType ? 0 : left.KeyType === 'HASH' ? -1 : 1))
    .map(({ AttributeName }) => AttributeName);
}

function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.flatMap((name) => (item[name] ? [[name, item[name]] as const] : [])));
}
