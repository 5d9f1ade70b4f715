import { isObject } from '../attribute-value';
import type { Database } from '../database';
import { DynamoDbError } from '../errors';
import { attributeNames, type Table } from '../table';
import type { TableDefinition } from '../table-definition';
import type { Input } from './write';

export function createTable(database: Database, input: Input): object {
  const definition = parseDefinition(input);
  return { TableDescription: { ...describe(database, database.create(definition)), TableStatus: 'CREATING' } };
}

export function deleteTable(database: Database, input: Input): object {
  const description = describe(database, database.table(input.TableName));
  database.delete(String(input.TableName));
  return { TableDescription: { ...description, TableStatus: 'DELETING' } };
}

export function describeTable(database: Database, input: Input): object {
  return { Table: describe(database, database.table(input.TableName)) };
}

export function listTables(database: Database, input: Input): object {
  const limit = Number(input.Limit ?? 100);
  const { ExclusiveStartTableName: start } = input;
  const names = database.names().filter((name) => typeof start !== 'string' || name > start);
  const page = names.slice(0, limit);
  return { TableNames: page, ...(names.length > limit && { LastEvaluatedTableName: page.at(-1) }) };
}

export function describeTimeToLive(database: Database, input: Input): object {
  const { AttributeName, Enabled = false } = database.table(input.TableName).definition.TimeToLiveSpecification ?? {};
  const description = Enabled ? { TimeToLiveStatus: 'ENABLED', AttributeName } : { TimeToLiveStatus: 'DISABLED' };
  return { TimeToLiveDescription: description };
}

/** Refuses what CloudFormation and DynamoDB would refuse of a table's keys. */
export function parseDefinition(input: unknown): TableDefinition {
  if (!isObject(input) || typeof input.TableName !== 'string' || input.TableName === '') {
    throw DynamoDbError.validation('TableName: must be the name of the table');
  }
  const definition = input as unknown as TableDefinition;
  const indexes = [...(definition.LocalSecondaryIndexes ?? []), ...(definition.GlobalSecondaryIndexes ?? [])];
  const schemas = [definition.KeySchema, ...indexes.map(({ KeySchema }) => KeySchema)];
  for (const name of schemas.flatMap((schema) => attributeNames(schema))) {
    if (definition.AttributeDefinitions.some(({ AttributeName }) => AttributeName === name)) continue;
    throw DynamoDbError.invalidParameter(`Some index key attributes are not defined in AttributeDefinitions: ${name}`);
  }
  return definition;
}

function describe(database: Database, table: Table): object {
  const { definition } = table;
  const stream = database.tryFindStream(table.name);
  const withArn = <Index extends { readonly IndexName: string }>(indexes: readonly Index[] | undefined) =>
    indexes?.map((index) => ({
      ...index,
      IndexArn: `${database.arn(table.name)}/index/${index.IndexName}`,
      IndexStatus: 'ACTIVE',
    }));
  return {
    TableName: table.name,
    TableArn: database.arn(table.name),
    TableStatus: 'ACTIVE',
    AttributeDefinitions: definition.AttributeDefinitions,
    KeySchema: definition.KeySchema,
    LocalSecondaryIndexes: withArn(definition.LocalSecondaryIndexes),
    GlobalSecondaryIndexes: withArn(definition.GlobalSecondaryIndexes),
    ItemCount: table.size,
    ...(stream && {
      LatestStreamArn: stream.arn,
      StreamSpecification: { StreamEnabled: true, ...definition.StreamSpecification },
    }),
  };
}
