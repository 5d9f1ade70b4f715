import { DeleteItemCommand, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DynamoDbServer, S3Server, type TableDefinition } from '../../../local/stores';
import { clientOf, TAGS } from './dynamodb-client';
import { temporaryDirectory } from './temporary-directory';

describe('objects in a data directory', () => {
  it('outlive the server with their headers, and deleted ones stay deleted', async () => {
    const dataDirectory = temporaryDirectory();
    const before = await S3Server.start({ dataDirectory });
    before.createBucket('cache');
    const body = Buffer.from([0, 10, 255, 10]);
    before.putObject('cache', 'a/ä\n', { body, headers: { 'content-type': 'text/html' } });
    before.putObject('cache', 'gone', { body });
    before.deleteObject('cache', 'gone');
    const written = before.tryGetObject('cache', 'a/ä\n');
    await before.close();

    const after = await S3Server.start({ dataDirectory });
    onTestFinished(() => after.close());
    expect(after.bucketNames()).toEqual([]);
    after.createBucket('cache');
    expect(after.keys('cache')).toEqual(['a/ä\n']);
    expect(after.tryGetObject('cache', 'a/ä\n')).toEqual(written);
  });
});

describe('items in a data directory', () => {
  it('outlive the server with their indexes, and deleted ones stay deleted', async () => {
    const dataDirectory = temporaryDirectory();
    await inServer(dataDirectory, TAGS, async (client) => {
      for (const key of ['a', 'b', 'a']) await client.send(put(key));
      await client.send(new DeleteItemCommand({ TableName: 'tags', Key: { pk: { S: 'p' }, sk: { S: 'b' } } }));
    });
    await inServer(dataDirectory, TAGS, async (client) => {
      const { Items } = await client.send(
        new QueryCommand({
          TableName: 'tags',
          IndexName: 'updatedAt',
          KeyConditionExpression: 'pk = :p',
          ExpressionAttributeValues: { ':p': { S: 'p' } },
        }),
      );
      expect(Items).toEqual([put('a').input.Item]);
    });
  });

  it('survive a write that the process did not finish', async () => {
    const dataDirectory = temporaryDirectory();
    await inServer(dataDirectory, TAGS, (client) => client.send(put('a')));
    const [journal = ''] = readdirSync(dataDirectory);
    appendFileSync(join(dataDirectory, journal), '{"key":{"pk":{"S":"p"},"sk"');
    await inServer(dataDirectory, TAGS, async (client) => {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: 'tags', Key: { pk: { S: 'p' }, sk: { S: 'a' } } }),
      );
      expect(Item).toEqual(put('a').input.Item);
    });
  });
});

async function inServer(
  dataDirectory: string,
  table: TableDefinition,
  use: (client: ReturnType<typeof clientOf>) => Promise<unknown>,
): Promise<void> {
  const server = await DynamoDbServer.start({ dataDirectory });
  const client = clientOf(server);
  try {
    server.createTable(table);
    await use(client);
  } finally {
    client.destroy();
    await server.close();
  }
}

function put(sk: string) {
  return new PutItemCommand({ TableName: 'tags', Item: { pk: { S: 'p' }, sk: { S: sk }, updatedAt: { N: '1' } } });
}
