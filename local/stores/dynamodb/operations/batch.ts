import { isObject, itemSize, type Item } from '../attribute-value';
import type { Database } from '../database';
import { DynamoDbError } from '../errors';
import { parseProjection } from '../expressions/projection';
import { Substitutions } from '../expressions/substitutions';
import { valueId } from '../item-collection';
import type { Table } from '../table';
import { readUnits, writeUnits } from './capacity';
import {
  parseKey,
  perform,
  prepareDelete,
  preparePut,
  refuseLegacy,
  type Input,
  type Write,
  type WriteResult,
} from './write';

const MAX_GETS = 100;
const MAX_WRITES = 25;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export function batchGetItem(database: Database, input: Input): object {
  const requests = requestItems(input).map(([name, request]) => prepareGets(database, name, request));
  const count = requests.reduce((sum, { keys }) => sum + keys.length, 0);
  if (count > MAX_GETS) throw DynamoDbError.validation('Too many items requested for the BatchGetItem call');
  const responses: Record<string, Item[]> = {};
  const unprocessed: Record<string, object> = {};
  let bytes = 0;
  for (const { name, request, table, keys, project } of requests) {
    const items = keys.map((key) => table.get(key));
    const fitting = items.filter((item) => (bytes += item ? itemSize(item) : 0) <= MAX_ANSWER_BYTES);
    responses[name] = fitting.flatMap((item) => (item ? [project(item)] : []));
    const left = keys.slice(fitting.length);
    if (left.length > 0) unprocessed[name] = { ...request, Keys: left };
  }
  const units = requests.map(({ name, request, table, keys }) => {
    const each = keys.map((key) => readUnits([table.get(key)], request.ConsistentRead === true));
    return [name, each.reduce((sum, unit) => sum + unit, 0)] as const;
  });
  return { Responses: responses, UnprocessedKeys: unprocessed, ...capacities(input, units) };
}

export function batchWriteItem(database: Database, input: Input): object {
  const writes = requestItems(input).flatMap(([name, requests]) => prepareWrites(database, name, requests));
  if (writes.length > MAX_WRITES)
    throw DynamoDbError.validation('Too many items requested for the BatchWriteItem call');
  assertDistinct(writes);
  const outcomes = writes.map((write) => tryPerform(write));
  const throttled = outcomes.filter((outcome) => outcome instanceof DynamoDbError);
  // Only where none of them was written, the whole call fails.
  if (throttled.length === writes.length && throttled[0]) throw throttled[0];
  const units = writes.flatMap(({ table }, index) => {
    const outcome = outcomes[index];
    return outcome && !(outcome instanceof DynamoDbError)
      ? [[table.name, writeUnits([outcome.old, outcome.new])] as const]
      : [];
  });
  return { UnprocessedItems: unprocessedItems(input, outcomes), ...capacities(input, units) };
}

/** The error of a throttled write in place of its result. */
function tryPerform(write: Write): WriteResult | DynamoDbError {
  try {
    return perform(write);
  } catch (error) {
    if (error instanceof DynamoDbError && error.code !== 'ValidationException') return error;
    throw error;
  }
}

/** The requests of the writes that were throttled, as they came. */
function unprocessedItems(input: Input, outcomes: readonly (WriteResult | DynamoDbError)[]): Record<string, unknown[]> {
  const unprocessed: Record<string, unknown[]> = {};
  let position = 0;
  for (const [name, requests] of requestItems(input)) {
    for (const request of Array.isArray(requests) ? (requests as unknown[]) : []) {
      if (outcomes[position++] instanceof DynamoDbError) (unprocessed[name] ??= []).push(request);
    }
  }
  return unprocessed;
}

/** Refuses two operations on one item. */
export function assertDistinct(operations: readonly { readonly table: Table; readonly key: Item }[]): void {
  const ids = operations.map(({ table, key }) =>
    [table.name, ...table.keyNames.map((name) => valueId(key[name] ?? {}))].join('\n'),
  );
  if (new Set(ids).size < ids.length) throw DynamoDbError.validation('Provided list of item keys contains duplicates');
}

function requestItems(input: Input): [string, Record<string, unknown>][] {
  const entries = Object.entries(isObject(input.RequestItems) ? input.RequestItems : {});
  if (entries.length === 0) throw DynamoDbError.validation('The requestItems must contain at least one table');
  return entries as [string, Record<string, unknown>][];
}

function prepareGets(database: Database, name: string, request: Record<string, unknown>) {
  refuseLegacy(request);
  const table = database.table(name);
  const substitutions = new Substitutions(request);
  const project = parseProjection(request.ProjectionExpression, substitutions);
  substitutions.assertAllUsed();
  const keys = (Array.isArray(request.Keys) ? request.Keys : []).map((key) => parseKey(table, key));
  assertDistinct(keys.map((key) => ({ table, key })));
  return { name, request, table, keys, project };
}

function prepareWrites(database: Database, name: string, requests: unknown): Write[] {
  return (Array.isArray(requests) ? (requests as Record<string, unknown>[]) : []).map(
    ({ PutRequest: put, DeleteRequest: remove }) => {
      if (isObject(put)) return preparePut(database, { TableName: name, Item: put.Item });
      if (isObject(remove)) return prepareDelete(database, { TableName: name, Key: remove.Key });
      throw DynamoDbError.validation('Supplied WriteRequest must contain exactly one of PutRequest and DeleteRequest');
    },
  );
}

function capacities(input: Input, units: readonly (readonly [string, number])[]): object {
  const asked = input.ReturnConsumedCapacity;
  if (asked !== 'TOTAL' && asked !== 'INDEXES') return {};
  const byTable = new Map<string, number>();
  for (const [table, unit] of units) byTable.set(table, (byTable.get(table) ?? 0) + unit);
  return { ConsumedCapacity: [...byTable].map(([TableName, CapacityUnits]) => ({ TableName, CapacityUnits })) };
}
