import { isObject, normalizeItem, type Item } from '../attribute-value';
import type { Database } from '../database';
import { DynamoDbError } from '../errors';
import { parseCondition, type Condition } from '../expressions/condition';
import { Substitutions } from '../expressions/substitutions';
import { parseUpdate, type Update } from '../expressions/update';
import type { Table } from '../table';

/** A request's members, as JSON gives them. */
export type Input = Readonly<Record<string, unknown>>;

/** A write whose request was checked; performing it is one synchronous step. */
export interface Write {
  readonly table: Table;
  readonly key: Item;
  readonly condition: Condition;
  /** Whether an error of the condition tells the item. */
  readonly tellsItem: boolean;
  /** The item after the write; undefined deletes it. */
  next(old: Item | undefined): Item | undefined;
}

export interface WriteResult {
  readonly old: Item | undefined;
  readonly new: Item | undefined;
}

/** Parameters from before there were expressions. */
const LEGACY = [
  'AttributesToGet',
  'AttributeUpdates',
  'ConditionalOperator',
  'Expected',
  'KeyConditions',
  'QueryFilter',
  'ScanFilter',
];

export function refuseLegacy(input: Input): void {
  const legacy = LEGACY.find((parameter) => input[parameter] !== undefined);
  if (legacy) throw DynamoDbError.notImplemented(`the legacy parameter ${legacy}: use an expression`);
}

export function preparePut(database: Database, input: Input): Write {
  const table = database.table(input.TableName);
  const item = normalizeItem(input.Item);
  const write = { ...prepareCondition(input), table, key: item, next: () => item };
  table.assertItem(item);
  return write;
}

export function prepareDelete(database: Database, input: Input): Write {
  return { ...prepareKeyed(database, input), next: () => undefined };
}

/** A transaction's `ConditionCheck`. */
export function prepareCheck(database: Database, input: Input): Write {
  return { ...prepareKeyed(database, input), next: (old) => old };
}

/** What an `UpdateItem` came to be, with the paths that it writes. */
export interface UpdateWrite extends Write {
  readonly update: Update;
}

export function prepareUpdate(database: Database, input: Input): UpdateWrite {
  const substitutions = new Substitutions(input);
  const update = parseUpdate(input.UpdateExpression, substitutions);
  const write = prepareKeyed(database, input, substitutions);
  for (const [name] of update.paths) {
    if (!write.table.keyNames.includes(String(name))) continue;
    throw DynamoDbError.invalidParameter(`Cannot update attribute ${String(name)}. This attribute is part of the key`);
  }
  const next = (old: Item | undefined) => {
    const item = update.apply(old ?? write.key);
    write.table.assertItem(item);
    return item;
  };
  return { ...write, update, next };
}

export function perform(write: Write): WriteResult {
  const old = write.table.get(write.key);
  // A write whose condition fails is paid for, too.
  if (!write.condition(old ?? {})) {
    write.table.throttle?.take(write.table, write.key, { old, next: old });
    throw DynamoDbError.conditionFailed(write.tellsItem ? old : undefined);
  }
  const result = { old, new: write.next(old) };
  write.table.throttle?.take(write.table, write.key, { old, next: result.new });
  write.table.set(write.key, result.new);
  return result;
}

export function parseKey(table: Table, key: unknown): Item {
  if (!isObject(key)) throw DynamoDbError.keyMismatch();
  const normalized = normalizeItem(key);
  table.assertKey(normalized);
  return normalized;
}

function prepareKeyed(database: Database, input: Input, substitutions?: Substitutions): Omit<Write, 'next'> {
  const table = database.table(input.TableName);
  return { ...prepareCondition(input, substitutions), table, key: parseKey(table, input.Key) };
}

function prepareCondition(
  input: Input,
  substitutions = new Substitutions(input),
): Pick<Write, 'condition' | 'tellsItem'> {
  refuseLegacy(input);
  const condition = parseCondition('ConditionExpression', input.ConditionExpression, substitutions);
  substitutions.assertAllUsed();
  return { condition, tellsItem: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' };
}
