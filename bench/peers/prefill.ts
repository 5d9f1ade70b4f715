import { BatchWriteItemCommand, DynamoDBClient, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { connect, type Socket } from 'node:net';

import type { Ground } from '../harness/lab';
import { BUCKET, CDK_NEXTJS_TABLE, OPEN_NEXT_TABLE } from '../harness/stores';
import { CDK_NEXTJS_BUILD, cdkNextjs } from './cdk-nextjs';
import { OPEN_NEXT_BUILD, openNextLite } from './open-next';
import type { Peer } from './peer';
import { redis, redisPort } from './redis';

type Item = Record<string, AttributeValue>;

const BATCH = 25;
const CONCURRENT = 8;

/**
 * Puts so many entries with a tag into a peer's stores, as its own `set` would have left them. Where a revalidation looks at a row a tag,
 * whatever the entries, there is nothing to put.
 */
export async function prefill(peer: Peer, ground: Ground, tag: string, entries: number): Promise<void> {
  const keys = Array.from({ length: entries }, (_, index) => `${tag}/${index}`);
  if (peer === cdkNextjs) await prefillCdkNextjs(ground, tag, keys);
  if (peer === openNextLite) await prefillOpenNext(ground, tag, keys);
  if (peer === redis) await prefillRedis(ground, tag, keys);
}

async function prefillCdkNextjs(ground: Ground, tag: string, keys: readonly string[]): Promise<void> {
  const objects = keys.map((key) => `${CDK_NEXTJS_BUILD}/${key}.json`);
  for (const object of objects) ground.stores.s3.putObject(BUCKET, object, { body: Buffer.from('{}') });
  const items = objects.map((object): Item => ({
    pk: { S: CDK_NEXTJS_BUILD },
    sk: { S: `${tag}#${object}` },
    createdAt: { N: '1' },
    revalidatedAt: { N: '1' },
  }));
  await putItems(ground, CDK_NEXTJS_TABLE.TableName, items);
}

async function prefillOpenNext(ground: Ground, tag: string, keys: readonly string[]): Promise<void> {
  const build = `${OPEN_NEXT_BUILD}-dynamodb-lite`;
  const items = keys.map((key): Item => ({
    tag: { S: `${build}/${tag}` },
    path: { S: `${build}/${key}` },
    revalidatedAt: { N: '1' },
  }));
  await putItems(ground, OPEN_NEXT_TABLE.TableName, items);
}

async function putItems({ stores }: Ground, table: string, items: readonly Item[]): Promise<void> {
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: stores.dynamoDb.endpoint,
    credentials: { accessKeyId: 'prefill', secretAccessKey: 'bench' },
  });
  const batches = Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) =>
    items.slice(index * BATCH, (index + 1) * BATCH),
  );
  const writer = async (): Promise<void> => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      const puts = batch.map((Item) => ({ PutRequest: { Item } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: puts } }));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, writer));
  client.destroy();
}

/** The key itself, its tags and its end, as the handler's `set` writes them. */
async function prefillRedis(ground: Ground, tag: string, keys: readonly string[]): Promise<void> {
  const socket = connect(await redisPort(ground), '127.0.0.1');
  const end = Math.floor(Date.now() / 1000) + 86_400;
  const commands = keys.flatMap((key) => [
    ['SET', `nextjs:${key}`, '{}', 'EXAT', String(end)],
    ['HSET', 'nextjs:__sharedTags__', key, JSON.stringify([tag])],
    ['HSET', 'nextjs:__sharedTagsTtl__', key, String(end)],
  ]);
  socket.write(commands.map(encoded).join(''));
  await answers(socket, commands.length);
  socket.destroy();
}

/** https://redis.io/docs/latest/develop/reference/protocol-spec/ */
function encoded(command: readonly string[]): string {
  const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
  return `*${command.length}\r\n${parts.join('')}`;
}

/** Each of these commands is answered with one line. */
function answers(socket: Socket, count: number): Promise<void> {
  let left = count;
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) left -= 1;
      if (left <= 0) resolve();
    });
  });
}
