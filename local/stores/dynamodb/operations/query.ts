import { isObject, itemSize, normalizeItem, type Item } from '../attribute-value';
import type { Database } from '../database';
import { DynamoDbError } from '../errors';
import { parseCondition, type Condition } from '../expressions/condition';
import { parseKeyCondition } from '../expressions/key-condition';
import { parseProjection, type Projection } from '../expressions/projection';
import { Substitutions } from '../expressions/substitutions';
import type { ItemCollection } from '../item-collection';
import { attributeNames, type Table, type TableIndex } from '../table';
import { consumedCapacity, readUnits } from './capacity';
import { refuseLegacy, type Input } from './write';

/** Where a page ends however large the limit is. */
const MAX_PAGE_BYTES = 1024 * 1024;

export function query(database: Database, input: Input): object {
  const source = parseSource(database, input);
  const substitutions = new Substitutions(input);
  const [partition = '', sort] = source.keyNames;
  const condition = parseKeyCondition(input.KeyConditionExpression, { partition, sort }, substitutions);
  const reading = parseReading(input, source, substitutions);
  const items = source.collection.query(condition.partition, condition.locate);
  const ordered = input.ScanIndexForward === false ? [...items].reverse() : items;
  const start = reading.start;
  const remaining = start
    ? ordered.filter((item) => isBehind(source.collection.compareOrder(item, start), input))
    : ordered;
  return answer(remaining, input, source, reading);
}

export function scan(database: Database, input: Input): object {
  const source = parseSource(database, input);
  const substitutions = new Substitutions(input);
  const reading = parseReading(input, source, substitutions);
  const totalSegments = Number(input.TotalSegments ?? 1);
  const segment = Number(input.Segment ?? 0);
  if (segment >= totalSegments) {
    throw DynamoDbError.validation(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${String(segment)} is not less than TotalSegments: ${String(totalSegments)}`,
    );
  }
  return answer(source.collection.scan(reading.start, segment, totalSegments), input, source, reading);
}

/** A table, or an index of it. */
interface Source {
  readonly table: Table;
  readonly index?: TableIndex;
  readonly collection: ItemCollection;
  /** Partition key and sort key. */
  readonly keyNames: readonly string[];
  /** The attributes by which a page's end is found again. */
  readonly positionNames: readonly string[];
}

function parseSource(database: Database, input: Input): Source {
  refuseLegacy(input);
  const table = database.table(input.TableName);
  const { IndexName: indexName } = input;
  if (typeof indexName !== 'string') {
    return { table, collection: table.items, keyNames: table.keyNames, positionNames: table.keyNames };
  }
  const index = table.indexes.get(indexName);
  if (!index) throw DynamoDbError.validation(`The table does not have the specified index: ${indexName}`);
  if (!index.isLocal && input.ConsistentRead === true) {
    throw DynamoDbError.validation('Consistent reads are not supported on global secondary indexes');
  }
  const keyNames = attributeNames(index.definition.KeySchema);
  return {
    table,
    index,
    collection: index.items,
    keyNames,
    positionNames: [...new Set([...keyNames, ...table.keyNames])],
  };
}

interface Reading {
  readonly filter: Condition;
  readonly project: Projection;
  readonly limit: number;
  /** The last item of the page before. */
  readonly start: Item | undefined;
}

function parseReading(input: Input, source: Source, substitutions: Substitutions): Reading {
  const filter = parseCondition('FilterExpression', input.FilterExpression, substitutions);
  const project = parseProjection(input.ProjectionExpression, substitutions);
  substitutions.assertAllUsed();
  const limit = input.Limit ?? Infinity;
  if (typeof limit !== 'number' || limit < 1) {
    throw DynamoDbError.validation(`Limit: must be a whole number from 1; received ${JSON.stringify(input.Limit)}`);
  }
  return { filter, project, limit, start: parseStart(input, source) };
}

function parseStart({ ExclusiveStartKey: key }: Input, { positionNames }: Source): Item | undefined {
  if (!isObject(key)) return undefined;
  const start = normalizeItem(key);
  if (Object.keys(start).length !== positionNames.length || !positionNames.every((name) => start[name])) {
    throw DynamoDbError.validation('The provided starting key is invalid');
  }
  return start;
}

function isBehind(order: number, { ScanIndexForward: forward }: Input): boolean {
  return forward === false ? order < 0 : order > 0;
}

function answer(items: Iterable<Item>, input: Input, source: Source, { filter, project, limit }: Reading): object {
  const page = readPage(items, source, limit);
  const matching = page.items.filter((item) => filter(item));
  return {
    Count: matching.length,
    ScannedCount: page.items.length,
    ...(input.Select !== 'COUNT' && { Items: matching.map((item) => project(projected(item, input, source))) }),
    ...(page.last && { LastEvaluatedKey: position(page.last, source) }),
    ...consumedCapacity(input, source.table.name, readUnits(page.items, input.ConsistentRead === true)),
  };
}

/** The next items up to the limit or 1 MB, and the last of them when the page ended there. */
function readPage(items: Iterable<Item>, { table, index }: Source, limit: number): { items: Item[]; last?: Item } {
  const page: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    page.push(item);
    bytes += itemSize(index ? table.project(item, index) : item);
    if (page.length >= limit || bytes >= MAX_PAGE_BYTES) return { items: page, last: item };
  }
  return { items: page };
}

/** A local index fetches from the table what it does not hold, when asked for; a global one cannot. */
function projected(item: Item, { Select: select }: Input, { table, index }: Source): Item {
  if (!index) return item;
  if (select === 'ALL_ATTRIBUTES' && index.isLocal) return item;
  return table.project(item, index);
}

function position(item: Item, { positionNames }: Source): Item {
  return Object.fromEntries(positionNames.flatMap((name) => (item[name] ? [[name, item[name]] as const] : [])));
}
