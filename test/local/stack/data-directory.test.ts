import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { DataDirectory, LocalStack } from '../../../local/stack';
import { clientOf } from '../stores/dynamodb-client';
import { synthesizePlainStack } from './plain-stack';

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  onTestFinished(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

describe('a data folder', () => {
  it('is made, and taken over by the same stack', () => {
    const path = join(temporaryDirectory(), 'deep', 'data');
    DataDirectory.open(path, 'Shop').close();
    const data = DataDirectory.open(path, 'Shop');
    expect([data.s3, data.dynamodb]).toEqual([join(path, 's3'), join(path, 'dynamodb')]);
    data.close();
    expect(readdirSync(path)).toEqual(['local-stack.json']);
  });

  it('is refused to another stack', () => {
    const path = temporaryDirectory();
    DataDirectory.open(path, 'Shop').close();
    expect(() => DataDirectory.open(path, 'Blog')).toThrow(
      `the data folder ${path} holds the data of stack "Shop", and this is stack "Blog". Name another one with --data.`,
    );
  });

  it('is refused when another version wrote it', () => {
    const path = temporaryDirectory();
    writeFileSync(join(path, 'local-stack.json'), '{"format":7,"stack":"Shop"}');
    expect(() => DataDirectory.open(path, 'Shop')).toThrow('has the format 7, and this version reads 1.');
  });

  it('is refused when it holds something else', () => {
    const path = temporaryDirectory();
    writeFileSync(join(path, 'thesis.txt'), 'all of it');
    expect(() => DataDirectory.open(path, 'Shop')).toThrow('is not empty, and not the data of a local stack');
    expect(readdirSync(path)).toEqual(['thesis.txt']);
  });

  it('is refused while another stack uses it, and taken over from one that has crashed', () => {
    const path = temporaryDirectory();
    const first = DataDirectory.open(path, 'Shop');
    expect(() => DataDirectory.open(path, 'Shop')).toThrow(`is used by process ${process.pid};`);
    first.close();
    // No process has this id: Linux and macOS end well below it.
    writeFileSync(join(path, 'lock'), '99999999');
    DataDirectory.open(path, 'Shop').close();
  });
});

describe('a stack with a data folder', () => {
  let plain: Awaited<ReturnType<typeof synthesizePlainStack>>;

  beforeAll(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
    plain = await synthesizePlainStack(directory);
    return () => {
      rmSync(directory, { recursive: true, force: true });
    };
  });

  it('finds its items and objects when it is started again', async () => {
    const data = temporaryDirectory();
    const start = () => LocalStack.start(plain.assembly, { containers: { web: plain.server }, replicas: 1, data });
    const first = await start();
    const [TableName = ''] = first.state.stores.dynamodb.tables;
    const client = clientOf(first.state.stores.dynamodb);
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'kept' } } }));
    client.destroy();
    const { buckets } = first.state.stores.s3;
    await expect(start()).rejects.toThrow('is used by process');
    await first.stop();

    const second = await start();
    onTestFinished(() => second.stop());
    const other = clientOf(second.state.stores.dynamodb);
    const { Item } = await other.send(new GetItemCommand({ TableName, Key: { pk: { S: 'kept' } } }));
    other.destroy();
    expect(Item).toEqual({ pk: { S: 'kept' } });
    expect(second.state.stores.s3.buckets).toEqual(buckets);
  });
});
