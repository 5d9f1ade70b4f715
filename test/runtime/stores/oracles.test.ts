import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { describe } from 'vitest';

import { Table } from '../../../contract';
import { DynamoDbLeaseStore } from '../../../runtime/stores/dynamodb-lease-store';
import { DynamoDbTagStore } from '../../../runtime/stores/dynamodb-tag-store';
import { S3EntryStore } from '../../../runtime/stores/s3-entry-store';
import { SignedReads } from '../../../runtime/stores/signed-reads';
import { type Oracle, oraclesAreInstalled, startDynamoDbLocal, startMoto } from '../../oracles/oracles';
import { entryStoreContract, type Made } from './entry-store-contract';
import { leaseStoreContract, tagStoreContract } from './tag-store-contract';

const TABLE = 'cache';
const BUCKET = 'cache';
const CLIENT = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 };

/** What the stores are asked of servers that were not written by us: without them, two errors of ours could agree. */
describe.skipIf(!oraclesAreInstalled())('against servers of other makers', () => {
  tagStoreContract('DynamoDB Local', withTable(startDynamoDbLocal, tagStore(1)));
  tagStoreContract('DynamoDB Local, four shards', withTable(startDynamoDbLocal, tagStore(4)));
  leaseStoreContract('DynamoDB Local', withTable(startDynamoDbLocal, leaseStore));
  entryStoreContract('S3 of moto', withBucket(startMoto));
});

function tagStore(shards: number): (client: DynamoDBClient) => DynamoDbTagStore {
  return (client) => new DynamoDbTagStore(() => client, TABLE, 'site', shards);
}

function leaseStore(client: DynamoDBClient): DynamoDbLeaseStore {
  return new DynamoDbLeaseStore(() => client, TABLE, 'site');
}

function withTable<Store>(
  start: () => Promise<Oracle>,
  make: (client: DynamoDBClient) => Store,
): () => Promise<Made<Store>> {
  return async () => {
    const oracle = await start();
    const client = new DynamoDBClient({ ...CLIENT, endpoint: oracle.endpoint });
    await client.send(createTable);
    return { store: make(client), close: () => oracle.stop() };
  };
}

function withBucket(start: () => Promise<Oracle>): () => Promise<Made<S3EntryStore>> {
  return async () => {
    const oracle = await start();
    const client = new S3Client({ ...CLIENT, endpoint: oracle.endpoint, forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }));
    const reads = new SignedReads(client, () => undefined);
    const store = new S3EntryStore(
      () => client,
      BUCKET,
      () => reads,
    );
    return { store, close: () => oracle.stop() };
  };
}

/** As the construct makes it. */
const createTable = new CreateTableCommand({
  TableName: TABLE,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    { AttributeName: Table.PARTITION_KEY, AttributeType: 'S' },
    { AttributeName: Table.SORT_KEY, AttributeType: 'S' },
    { AttributeName: Table.UPDATED_AT, AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: Table.PARTITION_KEY, KeyType: 'HASH' },
    { AttributeName: Table.SORT_KEY, KeyType: 'RANGE' },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: Table.UPDATED_AT_INDEX,
      KeySchema: [
        { AttributeName: Table.PARTITION_KEY, KeyType: 'HASH' },
        { AttributeName: Table.UPDATED_AT, KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
});
