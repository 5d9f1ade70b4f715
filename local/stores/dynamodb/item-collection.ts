import { createHash } from 'node:crypto';
import { compare, typeOf, type AttributeValue, type Item } from './attribute-value';

/** Which attributes place an item: its partition, and then its order inside of it. */
export interface CollectionKey {
  readonly partition: string;
  readonly order: readonly string[];
}

/** Items in the order in which a table or an index keeps them: partitions by a hash of their key, items by their sort keys. */
export class ItemCollection {
  private readonly partitions = new Map<string, Item[]>();
  private hashes: readonly HashedPartition[] | undefined;

  constructor(private readonly key: CollectionKey) {}

  /** Puts an item in the place of another, or without one of them inserts or removes. */
  replace(old: Item | undefined, item: Item | undefined): void {
    if (old && item && this.partitionId(old) === this.partitionId(item) && this.compareOrder(old, item) === 0) {
      const items = this.partitions.get(this.partitionId(item)) ?? [];
      items[this.position(items, item)] = item;
      return;
    }
    if (old) this.remove(old);
    if (item) this.insert(item);
  }

  /**
   * A partition's items whose sort keys lie in a range, in order.
   * @param locate negative below, zero in, positive above the range
   */
  query(partition: AttributeValue, locate: (sortKey: AttributeValue) => number): readonly Item[] {
    const items = this.partitions.get(valueId(partition)) ?? [];
    const [sortKey] = this.key.order;
    const side = (item: Item) => (sortKey === undefined ? 0 : locate(item[sortKey] ?? {}));
    const start = firstIndex(items, (item) => side(item) >= 0);
    return items.slice(
      start,
      firstIndex(items, (item) => side(item) > 0),
    );
  }

  /** All items, from the place behind a key on, of one of several segments. */
  *scan(after: Item | undefined, segment: number, totalSegments: number): Generator<Item> {
    const start = after && this.hashedPartition(this.partitionId(after));
    for (const partition of this.sortedPartitions()) {
      if (partition.number % totalSegments !== segment || (start && comparePartitions(partition, start) < 0)) continue;
      for (const item of this.partitions.get(partition.id) ?? []) {
        if (after && partition.id === start?.id && this.compareOrder(item, after) <= 0) continue;
        yield item;
      }
    }
  }

  /** Orders items of one partition. */
  compareOrder(left: Item, right: Item): number {
    for (const attribute of this.key.order) {
      const result = compare(left[attribute] ?? {}, right[attribute] ?? {}) ?? 0;
      if (result !== 0) return result;
    }
    return 0;
  }

  private insert(item: Item): void {
    const id = this.partitionId(item);
    const items = this.partitions.get(id);
    if (items) {
      items.splice(this.position(items, item), 0, item);
    } else {
      this.partitions.set(id, [item]);
      this.hashes = undefined;
    }
  }

  private remove(item: Item): void {
    const id = this.partitionId(item);
    const items = this.partitions.get(id) ?? [];
    items.splice(this.position(items, item), 1);
    if (items.length > 0) return;
    this.partitions.delete(id);
    this.hashes = undefined;
  }

  private position(items: readonly Item[], item: Item): number {
    return firstIndex(items, (other) => this.compareOrder(other, item) >= 0);
  }

  private partitionId(item: Item): string {
    return valueId(item[this.key.partition] ?? {});
  }

  private sortedPartitions(): readonly HashedPartition[] {
    this.hashes ??= [...this.partitions.keys()].map((id) => this.hashedPartition(id)).sort(comparePartitions);
    return this.hashes;
  }

  private hashedPartition(id: string): HashedPartition {
    const digest = createHash('md5').update(id).digest();
    return { id, hash: digest.toString('hex'), number: digest.readUInt32BE() };
  }
}

interface HashedPartition {
  readonly id: string;
  readonly hash: string;
  readonly number: number;
}

function comparePartitions(left: HashedPartition, right: HashedPartition): number {
  return left.hash < right.hash ? -1 : left.hash > right.hash ? 1 : 0;
}

/** A text that only this value of a key has. */
export function valueId(value: AttributeValue): string {
  return `${typeOf(value)}:${value.S ?? value.N ?? value.B ?? ''}`;
}

/** The first position at which a condition holds that, once it does, holds to the end. */
function firstIndex(items: readonly Item[], condition: (item: Item) => boolean): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item && condition(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
