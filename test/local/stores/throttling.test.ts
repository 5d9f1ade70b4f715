import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it, onTestFinished } from 'vitest';

import { DynamoDbServer } from '../../../local/stores';
import { clientOf, TAGS } from './dynamodb-client';

const TableName = 'tags';

async function startThrottled(partitionWriteUnits: number, BillingMode?: string) {
  const clock = { now: 1_700_000_000_000 };
  const server = await DynamoDbServer.start({ now: () => clock.now, partitionWriteUnits });
  server.createTable({ ...TAGS, ...(BillingMode !== undefined && { BillingMode }) });
  const client = clientOf(server);
  onTestFinished(async () => {
    client.destroy();
    await server.close();
  });
  return { client, clock };
}

function put(client: DynamoDBClient, pk: string, sk: string): Promise<unknown> {
  return client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, sk: { S: sk } } }));
}

describe('a table whose partitions have a limit', () => {
  it('throttles writes to one partition key, not to others, until the second is over', async () => {
    const { client, clock } = await startThrottled(3, 'PAY_PER_REQUEST');
    for (const sk of ['a', 'b', 'c']) await put(client, 'p', sk);
    await expect(put(client, 'p', 'd')).rejects.toMatchObject({ name: 'ThrottlingException' });
    await put(client, 'q', 'd');
    clock.now += 1000;
    await put(client, 'p', 'd');
  });

  it('says of a provisioned table that its throughput is exceeded', async () => {
    const { client } = await startThrottled(1);
    await put(client, 'p', 'a');
    await expect(put(client, 'p', 'b')).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
  });

  it('counts what a write costs in local indexes: one unit for an item that is new there, two for one that moves', async () => {
    const { client } = await startThrottled(5);
    const stamp = (at: number) =>
      client.send(
        new UpdateItemCommand({
          TableName,
          Key: { pk: { S: 'p' }, sk: { S: 'a' } },
          UpdateExpression: 'SET updatedAt = :at',
          ExpressionAttributeValues: { ':at': { N: String(at) } },
        }),
      );
    await stamp(1);
    await stamp(2);
    await expect(stamp(3)).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
  });

  it('hands back what of a batch it has not written', async () => {
    const { client } = await startThrottled(2);
    const request = (sk: string) => ({ PutRequest: { Item: { pk: { S: 'p' }, sk: { S: sk } } } });
    const batch = (...sks: string[]) =>
      client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: sks.map(request) } }));
    expect((await batch('a', 'b', 'c')).UnprocessedItems).toEqual({ [TableName]: [request('c')] });
    await expect(batch('d')).rejects.toMatchObject({ name: 'ProvisionedThroughputExceededException' });
  });

  it('cancels a transaction', async () => {
    const { client } = await startThrottled(1);
    await put(client, 'p', 'a');
    const Put = { TableName, Item: { pk: { S: 'p' }, sk: { S: 'b' } } };
    await expect(client.send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] }))).rejects.toMatchObject({
      CancellationReasons: [{ Code: 'ThrottlingError' }],
    });
  });
});
