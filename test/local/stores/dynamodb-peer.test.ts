import fc from 'fast-check';
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DynamoDbServer } from '../../../local/stores';
import { TAGS } from './dynamodb-client';

const dynalite = createRequire(import.meta.url)('dynalite') as (options: { createTableMs: number }) => Server;

/** One call: the operation's name and its input. */
type Call = readonly [operation: string, input: Readonly<Record<string, unknown>>];

let own: DynamoDbServer;
let peer: Server;
let endpoints: readonly string[];

beforeAll(async () => {
  own = await DynamoDbServer.start();
  peer = dynalite({ createTableMs: 0 }).listen(0, '127.0.0.1');
  await once(peer, 'listening');
  endpoints = [own.endpoint, `http://127.0.0.1:${String((peer.address() as AddressInfo).port)}`];
});

afterAll(async () => {
  await own.close();
  peer.closeAllConnections();
  await new Promise<void>((resolve) => {
    peer.close(() => {
      resolve();
    });
  });
});

describe('our DynamoDB and dynalite', () => {
  it('answer the same to the same calls', async () => {
    let table = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyCall(), { minLength: 1, maxLength: 25 }), async (calls) => {
        const TableName = `table-${String(table++)}`;
        await Promise.all(endpoints.map((endpoint) => makeTable(endpoint, TableName)));
        for (const [operation, input] of calls) {
          const [ours, theirs] = await Promise.all(
            endpoints.map((endpoint) => send(endpoint, [operation, { ...input, TableName }])),
          );
          expect(ours, `${operation} ${JSON.stringify(input)}`).toEqual(theirs);
        }
      }),
      { numRuns: 40 },
    );
  });
});

async function makeTable(endpoint: string, TableName: string): Promise<void> {
  const { AttributeDefinitions, KeySchema, LocalSecondaryIndexes, GlobalSecondaryIndexes } = TAGS;
  const definition = { TableName, AttributeDefinitions, KeySchema, LocalSecondaryIndexes, GlobalSecondaryIndexes };
  await send(endpoint, ['CreateTable', { ...definition, BillingMode: 'PAY_PER_REQUEST' }]);
  const isActive = async () =>
    JSON.stringify(await send(endpoint, ['DescribeTable', { TableName }])).includes('"ACTIVE"');
  while (!(await isActive()));
}

/** The answer without what may differ: words of errors, the order of sets, and whether nothing is an empty object. */
async function send(endpoint: string, [operation, input]: Call): Promise<unknown> {
  const response = await fetch(endpoint, {
    method: 'POST',
    body: JSON.stringify(input),
    headers: {
      authorization:
        'AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=none',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-date': '20260101T000000Z',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    },
  });
  const answer = (await response.json()) as Record<string, unknown>;
  if (answer.Attributes && Object.keys(answer.Attributes).length === 0) delete answer.Attributes;
  return response.ok ? withSortedSets(answer) : String(answer.__type).replace(/^.*#/, '');
}

function withSortedSets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedSets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'SS' ? [...(member as string[])].sort() : withSortedSets(member),
    ]),
  );
}

function anyCall(): fc.Arbitrary<Call> {
  return fc.oneof({ weight: 4, arbitrary: anyUpdate() }, { weight: 2, arbitrary: anyPut() }, anyDelete(), {
    weight: 3,
    arbitrary: anyQuery(),
  });
}

const anyKey = () => fc.record({ pk: text('p', 'q'), sk: text('a', 'b', 'bb', 'é', '\u{1f600}', '\uffee') });
const anyNumber = () =>
  fc.constantFrom('0', '1', '-1', '2.5', '10', '9', '-12', '1e3', '123456789012345678901234567890').map((N) => ({ N }));

function anyItem() {
  return fc
    .tuple(
      anyKey(),
      fc.record(
        {
          updatedAt: anyNumber(),
          owner: text('me', 'you'),
          score: anyNumber(),
          labels: fc.subarray(['x', 'y', 'z'], { minLength: 1 }).map((SS) => ({ SS })),
          list2: fc.array(anyNumber(), { maxLength: 3 }).map((L) => ({ L })),
          deep: fc.record({ M: fc.record({ score: anyNumber() }) }),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([key, attributes]) => ({ ...key, ...attributes }));
}

function anyPut(): fc.Arbitrary<Call> {
  return fc
    .record({ Item: anyItem(), ReturnValues: fc.constantFrom('NONE', 'ALL_OLD'), condition: anyCondition() })
    .map(({ condition, ...input }) => ['PutItem', { ...input, ...condition }]);
}

function anyDelete(): fc.Arbitrary<Call> {
  return fc
    .record({ Key: anyKey(), ReturnValues: fc.constantFrom('NONE', 'ALL_OLD'), condition: anyCondition() })
    .map(({ condition, ...input }) => ['DeleteItem', { ...input, ...condition }]);
}

const UPDATES = [
  'ADD score :n',
  'ADD labels :set',
  'DELETE labels :set',
  'SET updatedAt = :n',
  'SET updatedAt = :n ADD version :n',
  'SET score = if_not_exists(score, :n) + :n',
  'SET list2 = list_append(list2, :list)',
  'SET list2[1] = :n',
  'SET deep.score = :n',
  'SET version = version - :n REMOVE labels',
  'REMOVE list2[0], updatedAt',
  'REMOVE deep.score',
];

function anyUpdate(): fc.Arbitrary<Call> {
  const values = fc.record({
    ':n': anyNumber(),
    ':set': fc.subarray(['x', 'y', 'w'], { minLength: 1 }).map((SS) => ({ SS })),
    ':list': anyNumber().map((number) => ({ L: [number] })),
  });
  const ReturnValues = fc.constantFrom('NONE', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW');
  return fc
    .tuple(anyKey(), fc.constantFrom(...UPDATES), values, ReturnValues)
    .map(([Key, UpdateExpression, all, returned]) => {
      const used = Object.entries(all).filter(([name]) => UpdateExpression.includes(name));
      const given = used.length > 0 ? { ExpressionAttributeValues: Object.fromEntries(used) } : {};
      return ['UpdateItem', { Key, UpdateExpression, ...given, ReturnValues: returned }];
    });
}

const CONDITIONS = [
  'attribute_exists(pk)',
  'attribute_not_exists(pk)',
  'score >= :v',
  'score <> :v',
  'score BETWEEN :v AND :v OR contains(labels, :v)',
  'NOT (score < :v) AND size(labels) > :v',
  'deep.score = :v',
];

function anyCondition(): fc.Arbitrary<object> {
  return fc.option(fc.tuple(fc.constantFrom(...CONDITIONS), anyNumber())).map((chosen) => {
    if (!chosen) return {};
    const [ConditionExpression, value] = chosen;
    const values = ConditionExpression.includes(':v') ? { ExpressionAttributeValues: { ':v': value } } : {};
    return { ConditionExpression, ...values };
  });
}

function anyQuery(): fc.Arbitrary<Call> {
  const options = fc.record(
    { Limit: fc.integer({ min: 1, max: 3 }), ScanIndexForward: fc.boolean(), ConsistentRead: fc.boolean() },
    { requiredKeys: [] },
  );
  const byKey = fc.tuple(
    fc.constantFrom('pk = :p', 'pk = :p AND sk >= :s', 'pk = :p AND begins_with(sk, :s)'),
    text('a', 'b', 'é'),
  );
  const byTime = fc.tuple(
    fc.constantFrom('pk = :p', 'pk = :p AND updatedAt > :s', 'pk = :p AND updatedAt BETWEEN :s AND :s'),
    anyNumber(),
  );
  const target = fc.oneof(
    byKey.map((condition) => ({ condition, index: {} })),
    byTime.map((condition) => ({ condition, index: { IndexName: 'updatedAt' } })),
  );
  return fc.tuple(target, options, text('p', 'q')).map(([{ condition, index }, given, partition]) => {
    const [KeyConditionExpression, sort] = condition;
    const values = { ':p': partition, ...(KeyConditionExpression.includes(':s') && { ':s': sort }) };
    return ['Query', { ...index, ...given, KeyConditionExpression, ExpressionAttributeValues: values }];
  });
}

function text(...choices: string[]): fc.Arbitrary<{ S: string }> {
  return fc.constantFrom(...choices).map((S) => ({ S }));
}
