import {
  DeleteItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DynamoDbServer, type StreamRecord } from '../../../local/stores';
import type { StreamViewType } from '../../../local/stores/dynamodb/table-definition';
import { clientOf, failure, TAGS } from './dynamodb-client';

const TableName = 'tags';
const Key = { pk: { S: 'p' }, sk: { S: 'a' } };
let server: DynamoDbServer;
let client: DynamoDBClient;

beforeEach(async () => {
  server = await DynamoDbServer.start({ now: () => 1_700_000_000_500 });
  client = clientOf(server);
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

describe('a table stream', () => {
  it('tells every change in order, with the images before and after', async () => {
    const records = recordsOf('NEW_AND_OLD_IMAGES');
    await client.send(new PutItemCommand({ TableName, Item: Key }));
    await increment();
    await client.send(new DeleteItemCommand({ TableName, Key }));
    expect(records.map(({ eventName, dynamodb }) => [eventName, dynamodb.OldImage, dynamodb.NewImage])).toEqual([
      ['INSERT', undefined, Key],
      ['MODIFY', Key, { ...Key, version: { N: '1' } }],
      ['REMOVE', { ...Key, version: { N: '1' } }, undefined],
    ]);
    const numbers = records.map(({ dynamodb }) => dynamodb.SequenceNumber);
    expect(numbers).toEqual([...new Set(numbers)].sort());
    expect(records[0]).toMatchObject({
      eventSource: 'aws:dynamodb',
      awsRegion: 'us-east-1',
      eventSourceARN: server.tryFindStream(TableName)?.arn,
      dynamodb: { Keys: Key, ApproximateCreationDateTime: 1_700_000_000, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    });
  });

  it('is silent about writes that change nothing or are refused', async () => {
    const records = recordsOf('NEW_IMAGE');
    const put = () => client.send(new PutItemCommand({ TableName, Item: { ...Key, labels: { SS: ['a', 'b'] } } }));
    await put();
    await put();
    await failure(
      client.send(new DeleteItemCommand({ TableName, Key, ConditionExpression: 'attribute_not_exists(pk)' })),
    );
    await client.send(new DeleteItemCommand({ TableName, Key: { ...Key, sk: { S: 'absent' } } }));
    const refused = { Update: { TableName, Key, UpdateExpression: 'REMOVE labels' } };
    const check = {
      ConditionCheck: { TableName, Key: { ...Key, sk: { S: 'absent' } }, ConditionExpression: 'attribute_exists(pk)' },
    };
    await failure(client.send(new TransactWriteItemsCommand({ TransactItems: [refused, check] })));
    expect(records).toHaveLength(1);
  });

  it.each([
    ['KEYS_ONLY', { OldImage: false, NewImage: false }],
    ['NEW_IMAGE', { OldImage: false, NewImage: true }],
    ['OLD_IMAGE', { OldImage: true, NewImage: false }],
  ] as const)('shows with %s only what the table says', async (viewType, expected) => {
    const records = recordsOf(viewType);
    await increment();
    await increment();
    const { OldImage, NewImage } = records[1]?.dynamodb ?? {};
    expect({ OldImage: OldImage !== undefined, NewImage: NewImage !== undefined }).toEqual(expected);
  });

  it('orders the changes that many writers make', async () => {
    const records = recordsOf('NEW_IMAGE');
    await Promise.all(Array.from({ length: 30 }, () => increment()));
    expect(records.map(({ dynamodb }) => Number(dynamodb.NewImage?.version?.N))).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
  });

  it('is there only where the table has one, and stops when told', async () => {
    server.createTable(TAGS);
    expect(server.tryFindStream(TableName)).toBeUndefined();
    server.createTable({ ...TAGS, TableName: 'streaming', StreamSpecification: { StreamViewType: 'NEW_IMAGE' } });
    const records: StreamRecord[] = [];
    const stop = server.tryFindStream('streaming')?.subscribe((record) => records.push(record));
    stop?.();
    await client.send(new PutItemCommand({ TableName: 'streaming', Item: Key }));
    expect(records).toEqual([]);
  });
});

function recordsOf(StreamViewType: StreamViewType): StreamRecord[] {
  const records: StreamRecord[] = [];
  server.createTable({ ...TAGS, StreamSpecification: { StreamViewType } });
  server.tryFindStream(TableName)?.subscribe((record) => records.push(record));
  return records;
}

function increment() {
  return client.send(
    new UpdateItemCommand({
      TableName,
      Key,
      UpdateExpression: 'ADD version :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    }),
  );
}
