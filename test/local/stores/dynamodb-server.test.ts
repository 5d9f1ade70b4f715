import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  paginateQuery,
  paginateScan,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type AttributeValue,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallLog, DynamoDbServer } from '../../../local/stores';
import { clientOf, failure, TAGS } from './dynamodb-client';

const TableName = TAGS.TableName;
const calls = new CallLog();
let dataDirectory: string;
let server: DynamoDbServer;
let client: DynamoDBClient;

beforeEach(async () => {
  calls.reset();
  dataDirectory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-stores-'));
  server = await DynamoDbServer.start({ calls, dataDirectory });
  server.createTable(TAGS);
  client = clientOf(server);
});

/** Whatever a test has done, a server on the same folder has to know what this one did, in its indexes too. */
afterEach(async () => {
  server.calls.interceptor = undefined;
  const content = await contentOf(client);
  client.destroy();
  await server.close();
  const reopened = await DynamoDbServer.start({ dataDirectory });
  reopened.createTable(TAGS);
  const other = clientOf(reopened);
  expect(await contentOf(other)).toEqual(content);
  other.destroy();
  await reopened.close();
  rmSync(dataDirectory, { recursive: true });
});

async function contentOf(store: DynamoDBClient): Promise<unknown> {
  const scans = [undefined, 'updatedAt', 'owner'].map(async (IndexName) => {
    const items = [];
    for await (const { Items = [] } of paginateScan({ client: store }, { TableName, IndexName })) items.push(...Items);
    return items.map((item) => JSON.stringify(Object.entries(item).sort())).sort();
  });
  return Promise.all(scans);
}

describe('updates', () => {
  it('count on the server, whoever asks at the same time', async () => {
    const results = await Promise.all(Array.from({ length: 50 }, () => revalidate('products')));
    const versions = results.map(({ Attributes }) => Number(Attributes?.version?.N));
    expect(versions.sort((left, right) => left - right)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  it.each([
    ['ALL_OLD', { pk: s('p'), sk: s('k'), a: n('1'), b: n('1') }],
    ['UPDATED_OLD', { a: n('1') }],
    ['ALL_NEW', { pk: s('p'), sk: s('k'), a: n('2'), b: n('1') }],
    ['UPDATED_NEW', { a: n('2') }],
    ['NONE', undefined],
  ] as const)('return %s', async (ReturnValues, expected) => {
    await put('k', { a: n('1'), b: n('1') });
    const { Attributes } = await update('k', {
      UpdateExpression: 'ADD a :one',
      ExpressionAttributeValues: { ':one': n('1') },
      ReturnValues,
    });
    expect(Attributes).toEqual(expected);
  });

  it.each([
    ['SET a = a + :two, b = if_not_exists(b, :two)', { a: n('3'), b: n('2') }],
    ['SET a = :two - a REMOVE elements[0], elements[1]', { a: n('1'), elements: { L: [n('3')] } }],
    [
      'SET elements = list_append(elements, :list), more = :list',
      { elements: { L: [n('1'), n('2'), n('3'), n('9')] }, more: { L: [n('9')] } },
    ],
    ['SET elements[1] = :two, elements[9] = :two', { elements: { L: [n('1'), n('2'), n('3'), n('2')] } }],
    ['SET doc.deep.x = :two, #n = doc.deep.y', { doc: { M: { deep: { M: { x: n('2'), y: n('8') } } } }, name: n('8') }],
    ['ADD tags :set, hits :two', { tags: { SS: ['a', 'b', 'c'] }, hits: n('2') }],
    ['DELETE tags :set', { tags: { SS: ['a'] } }],
    ['DELETE tags :all', { tags: undefined }],
    ['REMOVE a, absent, doc.deep.x', { a: undefined, doc: { M: { deep: { M: { y: n('8') } } } } }],
  ])('apply %s', async (UpdateExpression, expected) => {
    await put('k', {
      a: n('1'),
      elements: { L: [n('1'), n('2'), n('3')] },
      doc: { M: { deep: { M: { x: n('7'), y: n('8') } } } },
      tags: { SS: ['a', 'b'] },
    });
    const used = { ':two': n('2'), ':list': { L: [n('9')] }, ':set': { SS: ['b', 'c'] }, ':all': { SS: ['a', 'b'] } };
    const { Attributes = {} } = await update('k', {
      UpdateExpression,
      ExpressionAttributeValues: mentioned(used, UpdateExpression),
      ExpressionAttributeNames: mentioned({ '#n': 'name' }, UpdateExpression),
      ReturnValues: 'ALL_NEW',
    });
    for (const [name, value] of Object.entries(expected)) expect(Attributes[name], name).toEqual(value);
  });

  it.each([
    ['SET sk = :x', /Cannot update attribute sk\. This attribute is part of the key/],
    ['SET updatedAt = :text', /Type mismatch for Index Key updatedAt expected: N actual: S/],
    ['SET a = :x, a = :x', /Two document paths overlap/],
    ['SET a.b = :x', /The document path provided in the update expression is invalid for update/],
    ['SET a = absent + :x', /refers to an attribute that does not exist in the item/],
    ['SET status = :x', /Attribute name is a reserved keyword; reserved keyword: status/],
    ['SET a = :x SET b = :x', /The "SET" section can only be used once/],
    ['SET a :x', /Syntax error; token: ":x", near: "a :x"/],
    ['ADD a :text', /Incorrect operand type for operator or function; operator: ADD, operand type: S/],
    ['SET a = :x, b = :y', /attribute value: :y/],
    ['REMOVE a', /unused in expressions: keys: \{:x/],
  ])('refuse %s', async (UpdateExpression, message) => {
    const values = { ':x': n('1'), ':text': s('t') };
    const ExpressionAttributeValues = UpdateExpression === 'REMOVE a' ? values : mentioned(values, UpdateExpression);
    const error = await failure(update('k', { UpdateExpression, ExpressionAttributeValues }));
    expect(error.name).toBe('ValidationException');
    expect(error.message).toMatch(message);
  });

  it('keep 38 digits', async () => {
    await put('k', { a: n('12345678901234567890123456789012345678') });
    const { Attributes } = await update('k', {
      UpdateExpression: 'SET a = a - :x',
      ExpressionAttributeValues: { ':x': n('0.5e1') },
      ReturnValues: 'UPDATED_NEW',
    });
    expect(Attributes).toEqual({ a: n('12345678901234567890123456789012345673') });
    expect((await failure(put('k', { a: n('123456789012345678901234567890123456789') }))).message).toMatch(
      /more than 38 significant digits/,
    );
  });
});

describe('conditions', () => {
  it.each([
    ['attribute_exists(a)', true],
    ['attribute_not_exists(pk)', false],
    ['attribute_not_exists(absent) AND a = :one', true],
    ['NOT a = :one OR (a > :one)', false],
    ['a BETWEEN :one AND :two', true],
    ['a IN (:two, :one)', true],
    ['absent <> :one', true],
    ['absent < :one', false],
    ['a < b', true],
    ['a = :text', false],
    ['begins_with(note, :text)', true],
    ['contains(tags, :text)', true],
    ['contains(note, :text)', true],
    ['size(tags) = :two', true],
    ['size(note) > :two', true],
    ['attribute_type(a, :n)', true],
    ['doc.x[1] = :two', true],
  ])('evaluate %s to %s', async (ConditionExpression, expected) => {
    await put('k', {
      a: n('1'),
      b: n('10'),
      note: s('abc'),
      tags: { SS: ['a', 'b'] },
      doc: { M: { x: { L: [n('1'), n('2')] } } },
    });
    const values = { ':one': n('1'), ':two': n('2'), ':text': s('a'), ':n': s('N') };
    const call = put(
      'k',
      { a: n('5') },
      { ConditionExpression, ExpressionAttributeValues: mentioned(values, ConditionExpression) },
    );
    if (expected) await call;
    else expect((await failure(call)).name).toBe('ConditionalCheckFailedException');
  });

  it('let one of many concurrent writers win', async () => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => put('lease', {}, { ConditionExpression: 'attribute_not_exists(pk)' })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('tell the item that failed them, when asked', async () => {
    await put('k', { a: n('1') });
    const options = {
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const;
    const error = await failure(put('k', {}, options));
    expect(error instanceof ConditionalCheckFailedException && error.Item).toEqual({
      pk: s('p'),
      sk: s('k'),
      a: n('1'),
    });
  });
});

describe('reads', () => {
  it('of the local index are strongly consistent, and a row never misses while it moves', async () => {
    await revalidate('moving');
    const write = async () => {
      for (let index = 0; index < 100; index++) await revalidate('moving');
    };
    const read = async () => {
      for (let index = 0; index < 100; index++) {
        const { Items = [] } = await client.send(byUpdate('pk = :p', { ':p': s('p') }));
        expect(Items).toHaveLength(1);
      }
    };
    await Promise.all([write(), read(), read()]);
  });

  it('of the local index come in its order, from a time on, in pages', async () => {
    for (const [index, time] of ['30', '9', '-4', '100', '9'].entries())
      await put(`k${String(index)}`, { updatedAt: n(time) });
    await put('none', {});
    const seen: (string | undefined)[] = [];
    const pages = paginateQuery(
      { client, pageSize: 2 },
      byUpdate('pk = :p AND updatedAt >= :t', { ':p': s('p'), ':t': n('0') }).input,
    );
    for await (const page of pages) seen.push(...(page.Items ?? []).map(({ sk }) => sk?.S));
    expect(seen).toEqual(['k1', 'k4', 'k0', 'k3']);
  });

  it('go backwards and stop at the limit', async () => {
    for (const key of ['a', 'b', 'c', 'd']) await put(key, {});
    const input = {
      TableName,
      KeyConditionExpression: 'pk = :p AND sk BETWEEN :a AND :c',
      ScanIndexForward: false,
      Limit: 2,
    };
    const first = await client.send(
      new QueryCommand({ ...input, ExpressionAttributeValues: { ':p': s('p'), ':a': s('a'), ':c': s('c') } }),
    );
    expect(first.Items?.map(({ sk }) => sk?.S)).toEqual(['c', 'b']);
    expect(first.LastEvaluatedKey).toEqual({ pk: s('p'), sk: s('b') });
  });

  it('filter and project', async () => {
    for (const key of ['a1', 'a2', 'b1'])
      await put(key, { size: n(key.slice(1)), doc: { M: { x: n('1'), y: n('2') } } });
    const answer = await client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :p AND begins_with(sk, :a)',
        FilterExpression: '#size > :one',
        ProjectionExpression: 'sk, doc.y',
        ExpressionAttributeNames: { '#size': 'size' },
        ExpressionAttributeValues: { ':p': s('p'), ':a': s('a'), ':one': n('1') },
      }),
    );
    expect(answer).toMatchObject({ Count: 1, ScannedCount: 2, Items: [{ sk: s('a2'), doc: { M: { y: n('2') } } }] });
  });

  it('of a global index give what it projects, and are never strongly consistent', async () => {
    await put('k', { owner: s('me'), other: n('1') });
    const input = {
      TableName,
      IndexName: 'owner',
      KeyConditionExpression: '#o = :me',
      ExpressionAttributeNames: { '#o': 'owner' },
    };
    const ExpressionAttributeValues = { ':me': s('me') };
    const { Items } = await client.send(new QueryCommand({ ...input, ExpressionAttributeValues }));
    expect(Items).toEqual([{ pk: s('p'), sk: s('k'), owner: s('me') }]);
    const consistent = client.send(new QueryCommand({ ...input, ExpressionAttributeValues, ConsistentRead: true }));
    expect((await failure(consistent)).message).toMatch(/Consistent reads are not supported on global/);
  });

  it('end a page at 1 MB', async () => {
    for (const key of ['a', 'b', 'c', 'd']) await put(key, { note: s('x'.repeat(390_000)) });
    const page = await client.send(new ScanCommand({ TableName }));
    expect(page.Count).toBe(3);
    expect(page.LastEvaluatedKey).toEqual({ pk: s('p'), sk: s('c') });
  });

  it('scan everything once, in pages and segments', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `k${String(index).padStart(2, '0')}`);
    await Promise.all(keys.map((key, index) => put(key, {}, {}, `p${String(index % 7)}`)));
    const seen: (string | undefined)[] = [];
    for (const Segment of [0, 1, 2]) {
      for await (const page of paginateScan({ client, pageSize: 3 }, { TableName, Segment, TotalSegments: 3 })) {
        seen.push(...(page.Items ?? []).map(({ sk }) => sk?.S));
      }
    }
    expect(seen.sort()).toEqual(keys);
  });

  it('come in batches', async () => {
    await client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          [TableName]: ['a', 'b', 'c'].map((key) => ({ PutRequest: { Item: { pk: s('p'), sk: s(key) } } })),
        },
      }),
    );
    const Keys = ['a', 'c', 'absent'].map((key) => ({ pk: s('p'), sk: s(key) }));
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }),
    );
    expect(Responses?.[TableName]?.map(({ sk }) => sk?.S).sort()).toEqual(['a', 'c']);
    expect(UnprocessedKeys).toEqual({});
    const twice = client.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [...Keys, ...Keys] } } }));
    expect((await failure(twice)).message).toBe('Provided list of item keys contains duplicates');
  });
});

describe('transactions', () => {
  it('write everything or nothing', async () => {
    await put('a', { count: n('1') });
    const actions = (guard: string) => [
      {
        Update: {
          TableName,
          Key: key('a'),
          UpdateExpression: 'ADD #c :one',
          ExpressionAttributeNames: { '#c': 'count' },
          ExpressionAttributeValues: { ':one': n('1') },
        },
      },
      { Put: { TableName, Item: key('b') } },
      { ConditionCheck: { TableName, Key: key(guard), ConditionExpression: 'attribute_exists(pk)' } },
    ];
    const error = await failure(client.send(new TransactWriteItemsCommand({ TransactItems: actions('absent') })));
    expect(error instanceof TransactionCanceledException && error.CancellationReasons?.map(({ Code }) => Code)).toEqual(
      ['None', 'None', 'ConditionalCheckFailed'],
    );
    expect(await get('b')).toBeUndefined();
    await put('guard', {});
    await client.send(new TransactWriteItemsCommand({ TransactItems: actions('guard') }));
    expect([await get('a'), await get('b')]).toEqual([{ ...key('a'), count: n('2') }, key('b')]);
  });
});

describe('the server', () => {
  it('refuses keys that the schema does not know, and items that are too large', async () => {
    const read = (Key: Record<string, AttributeValue>) => failure(client.send(new GetItemCommand({ TableName, Key })));
    expect((await read({ pk: s('p') })).message).toBe('The provided key element does not match the schema');
    expect((await read({ pk: s('p'), sk: n('1') })).message).toBe('The provided key element does not match the schema');
    expect((await failure(put('', {}))).message).toMatch(/cannot contain an empty value\. Key: sk/);
    expect((await failure(put('k', { note: s('x'.repeat(410_000)) }))).message).toBe(
      'Item size has exceeded the maximum allowed size',
    );
  });

  it('reports what is not there', async () => {
    const error = await failure(client.send(new GetItemCommand({ TableName: 'other', Key: key('a') })));
    expect([error.name, error.message]).toEqual([
      'ResourceNotFoundException',
      'Requested resource not found: Table: other not found',
    ]);
  });

  it('describes its tables', async () => {
    expect((await client.send(new ListTablesCommand())).TableNames).toEqual(['tags']);
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    expect(Table).toMatchObject({ TableStatus: 'ACTIVE', LocalSecondaryIndexes: [{ IndexName: 'updatedAt' }] });
  });

  it('counts calls by operation and dates its answers', async () => {
    await put('a', {});
    await get('a');
    await client.send(new DeleteItemCommand({ TableName, Key: key('a') }));
    expect(calls.snapshot()).toEqual({ dynamodb: { PutItem: 1, GetItem: 1, DeleteItem: 1 } });
    const answer = await fetch(server.endpoint, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(400);
    expect(Math.abs(Date.parse(answer.headers.get('date') ?? '') - Date.now())).toBeLessThan(60_000);
  });

  it('shows the interceptor the table and lets it answer', async () => {
    const seen: object[] = [];
    server.calls.interceptor = (call) => {
      seen.push(call);
      const message = 'The level of configured provisioned throughput for the table was exceeded.';
      return { kind: 'error', statusCode: 400, code: 'ProvisionedThroughputExceededException', message };
    };
    expect((await failure(put('a', {}))).name).toBe('ProvisionedThroughputExceededException');
    expect(seen).toEqual([{ service: 'dynamodb', operation: 'PutItem', resource: 'tags', accessKeyId: 'replica-1' }]);
  });
});

function revalidate(tag: string) {
  return update(tag, {
    UpdateExpression: 'SET updatedAt = :now ADD version :one',
    ExpressionAttributeValues: { ':now': n(String(Date.now())), ':one': n('1') },
    ReturnValues: 'ALL_NEW',
  });
}

function update(sk: string, input: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>) {
  return client.send(new UpdateItemCommand({ TableName, Key: key(sk), ...input }));
}

function put(sk: string, attributes: Record<string, AttributeValue>, options: object = {}, pk = 'p') {
  return client.send(new PutItemCommand({ TableName, Item: { pk: s(pk), sk: s(sk), ...attributes }, ...options }));
}

async function get(sk: string) {
  return (await client.send(new GetItemCommand({ TableName, Key: key(sk), ConsistentRead: true }))).Item;
}

function byUpdate(KeyConditionExpression: string, ExpressionAttributeValues: Record<string, AttributeValue>) {
  return new QueryCommand({
    TableName,
    IndexName: 'updatedAt',
    ConsistentRead: true,
    KeyConditionExpression,
    ExpressionAttributeValues,
  });
}

/** Only those placeholders that the expression mentions, for unused ones are refused. */
function mentioned<Value>(entries: Record<string, Value>, expression: string): Record<string, Value> | undefined {
  const used = Object.entries(entries).filter(([name]) => new RegExp(`${name}\\b`).test(expression));
  return used.length === 0 ? undefined : Object.fromEntries(used);
}

function key(sk: string) {
  return { pk: s('p'), sk: s(sk) };
}

function s(S: string) {
  return { S };
}

function n(N: string) {
  return { N };
}
