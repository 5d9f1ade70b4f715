import type { Item } from '../attribute-value';
import type { Database } from '../database';
import { DynamoDbError } from '../errors';
import { parseProjection, projectPaths } from '../expressions/projection';
import { Substitutions } from '../expressions/substitutions';
import type { Path } from '../expressions/tokens';
import { consumedCapacity, readUnits, writeUnits } from './capacity';
import {
  parseKey,
  perform,
  prepareDelete,
  preparePut,
  prepareUpdate,
  refuseLegacy,
  type Input,
  type WriteResult,
} from './write';

export function getItem(database: Database, input: Input): object {
  refuseLegacy(input);
  const table = database.table(input.TableName);
  const substitutions = new Substitutions(input);
  const project = parseProjection(input.ProjectionExpression, substitutions);
  substitutions.assertAllUsed();
  const item = table.get(parseKey(table, input.Key));
  const units = readUnits([item], input.ConsistentRead === true);
  return { ...(item && { Item: project(item) }), ...consumedCapacity(input, table.name, units) };
}

export function putItem(database: Database, input: Input): object {
  assertReturnValues(input, ['NONE', 'ALL_OLD']);
  const write = preparePut(database, input);
  return oldValues(input, write.table.name, perform(write));
}

export function deleteItem(database: Database, input: Input): object {
  assertReturnValues(input, ['NONE', 'ALL_OLD']);
  const write = prepareDelete(database, input);
  return oldValues(input, write.table.name, perform(write));
}

export function updateItem(database: Database, input: Input): object {
  assertReturnValues(input, ['NONE', 'ALL_OLD', 'UPDATED_OLD', 'ALL_NEW', 'UPDATED_NEW']);
  const write = prepareUpdate(database, input);
  const result = perform(write);
  const attributes = updatedValues(input, result, write.update.paths);
  return {
    ...(attributes && Object.keys(attributes).length > 0 && { Attributes: attributes }),
    ...consumedCapacity(input, write.table.name, writeUnits([result.old, result.new])),
  };
}

function assertReturnValues({ ReturnValues: value }: Input, allowed: readonly string[]): void {
  if (value === undefined || (typeof value === 'string' && allowed.includes(value))) return;
  throw DynamoDbError.validation(`ReturnValues can only be ${allowed.join(', ')}; received ${JSON.stringify(value)}`);
}

function oldValues(input: Input, table: string, result: WriteResult): object {
  return {
    ...(input.ReturnValues === 'ALL_OLD' && result.old && { Attributes: result.old }),
    ...consumedCapacity(input, table, writeUnits([result.old, result.new])),
  };
}

function updatedValues({ ReturnValues: asked }: Input, result: WriteResult, paths: readonly Path[]): Item | undefined {
  if (asked === 'ALL_OLD') return result.old;
  if (asked === 'ALL_NEW') return result.new;
  if (asked === 'UPDATED_OLD') return result.old && projectPaths(result.old, paths);
  return asked === 'UPDATED_NEW' && result.new ? projectPaths(result.new, paths) : undefined;
}
