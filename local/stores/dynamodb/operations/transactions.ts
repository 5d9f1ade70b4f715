import { isObject, type Item } from '../attribute-value';
import type { Database } from '../database';
import { DynamoDbError } from '../errors';
import { assertDistinct } from './batch';
import { getItem } from './items';
import { parseKey, prepareCheck, prepareDelete, preparePut, prepareUpdate, type Input, type Write } from './write';

const MAX_ACTIONS = 100;

const PREPARATIONS: Readonly<Record<string, (database: Database, input: Input) => Write>> = {
  ConditionCheck: prepareCheck,
  Delete: prepareDelete,
  Put: preparePut,
  Update: prepareUpdate,
};

/** All writes or none. Client request tokens are not remembered. */
export function transactWriteItems(database: Database, input: Input): object {
  const writes = actionsOf(input).map((action) => prepare(database, action));
  assertDistinct(writes);
  const results = writes.map((write) => evaluate(write));
  if (results.some(({ reason }) => reason.Code !== 'None')) throw canceled(results.map(({ reason }) => reason));
  for (const { write, next } of results) write.table.set(write.key, next);
  return {};
}

export function transactGetItems(database: Database, input: Input): object {
  const gets = actionsOf(input).map(({ Get: get }) => {
    if (!isObject(get)) throw DynamoDbError.validation('A TransactGetItem must contain a Get');
    return get;
  });
  assertDistinct(
    gets.map((get) => ({
      table: database.table(get.TableName),
      key: parseKey(database.table(get.TableName), get.Key),
    })),
  );
  return { Responses: gets.map((get) => getItem(database, get)) };
}

function actionsOf({ TransactItems: items }: Input): Record<string, unknown>[] {
  const actions = Array.isArray(items) ? items.filter(isObject) : [];
  if (actions.length < 1 || actions.length > MAX_ACTIONS) {
    throw DynamoDbError.validation(
      `TransactItems: must hold 1 to ${String(MAX_ACTIONS)} actions; received ${String(actions.length)}`,
    );
  }
  return actions;
}

function prepare(database: Database, action: Record<string, unknown>): Write {
  const [kind = '', input] = Object.entries(action)[0] ?? [];
  const preparation = PREPARATIONS[kind];
  if (!preparation || !isObject(input))
    throw DynamoDbError.validation(`A TransactWriteItem must contain one of ${Object.keys(PREPARATIONS).join(', ')}`);
  return preparation(database, input);
}

interface Reason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: Item;
}

function evaluate(write: Write): { write: Write; next?: Item; reason: Reason } {
  const old = write.table.get(write.key);
  if (!write.condition(old ?? {})) {
    const item = write.tellsItem && old ? { Item: old } : {};
    return { write, reason: { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', ...item } };
  }
  try {
    const next = write.next(old);
    write.table.throttle?.take(write.table, write.key, { old, next });
    return { write, ...(next && { next }), reason: { Code: 'None' } };
  } catch (error) {
    if (!(error instanceof DynamoDbError)) throw error;
    const Code = error.code === 'ValidationException' ? 'ValidationError' : 'ThrottlingError';
    return { write, reason: { Code, Message: error.message } };
  }
}

function canceled(reasons: readonly Reason[]): DynamoDbError {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new DynamoDbError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  );
}
