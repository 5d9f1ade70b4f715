import type { Database } from '../database';
import { batchGetItem, batchWriteItem } from './batch';
import { deleteItem, getItem, putItem, updateItem } from './items';
import { query, scan } from './query';
import { createTable, deleteTable, describeTable, describeTimeToLive, listTables } from './tables';
import { transactGetItems, transactWriteItems } from './transactions';
import type { Input } from './write';

/** The operations by their names in DynamoDB's API. Each is synchronous, hence atomic. */
export const OPERATIONS: Readonly<Record<string, (database: Database, input: Input) => object>> = {
  BatchGetItem: batchGetItem,
  BatchWriteItem: batchWriteItem,
  CreateTable: createTable,
  DeleteItem: deleteItem,
  DeleteTable: deleteTable,
  DescribeTable: describeTable,
  DescribeTimeToLive: describeTimeToLive,
  GetItem: getItem,
  ListTables: listTables,
  PutItem: putItem,
  Query: query,
  Scan: scan,
  TransactGetItems: transactGetItems,
  TransactWriteItems: transactWriteItems,
  UpdateItem: updateItem,
};
