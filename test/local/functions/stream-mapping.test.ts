import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { Duration, type Stack } from 'aws-cdk-lib';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import {
  DynamoEventSource,
  type DynamoEventSourceProps,
  S3OnFailureDestination,
} from 'aws-cdk-lib/aws-lambda-event-sources';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { LocalStack, LocalStackOptions } from '../../../local/stack';
import { until } from '../fleet/support';
import { FAST, inlineFunction, start, streamingTable } from './support';

/** Says which sort keys it was handed, and fails where it finds what the test asks for. */
const HANDLER = `
  const keys = event.Records.map(({ dynamodb }) => dynamodb.Keys.sk.S);
  console.log('batch ' + keys.join(' '));
  globalThis.seen = (globalThis.seen ?? 0) + 1;
  if (keys.includes('exit')) process.exit(1);
  if (keys.includes('poison')) throw new Error('poisoned');
  if (keys.includes('once') && globalThis.seen === 1) throw new Error('only once');
  const failing = event.Records.filter(({ dynamodb }) => dynamodb.NewImage?.fails);
  return { batchItemFailures: failing.map(({ dynamodb }) => ({ itemIdentifier: dynamodb.SequenceNumber })) };
`;

interface Fixture {
  readonly stack: LocalStack;
  /** What the function was handed, batch by batch. */
  readonly batches: () => string[];
  readonly write: (...keys: string[]) => Promise<void>;
  /** What lies in the failure bucket, by key. */
  readonly kept: () => Promise<{ key: string; record: Discarded }[]>;
}

interface Discarded {
  readonly requestContext: Record<string, unknown>;
  readonly DDBStreamBatchInfo: Record<string, unknown>;
  readonly payload: {
    readonly Records: { readonly dynamodb: { readonly Keys: { readonly sk: { readonly S: string } } } }[];
  };
}

async function startMapping(
  props: Partial<DynamoEventSourceProps> = {},
  options: LocalStackOptions = {},
  handler = HANDLER,
): Promise<Fixture> {
  const { stack, lines } = await start((cdk: Stack) => {
    const bucket = new Bucket(cdk, 'Failures', { bucketName: 'failures' });
    inlineFunction(cdk, 'Purge', handler, { timeout: Duration.seconds(30) }).addEventSource(
      new DynamoEventSource(streamingTable(cdk), {
        startingPosition: StartingPosition.TRIM_HORIZON,
        onFailure: new S3OnFailureDestination(bucket),
        ...props,
      }),
    );
  }, options);
  const { dynamodb, s3 } = stack.state.stores;
  const client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: dynamodb.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'local' },
  });
  onTestFinished(() => {
    client.destroy();
  });
  return {
    stack,
    batches: () => lines.flatMap((line) => (line.startsWith('Purge: batch ') ? [line.slice(13)] : [])),
    write: async (...keys) => {
      for (const sk of keys) {
        await client.send(
          new UpdateItemCommand({
            TableName: 'tags',
            Key: { pk: { S: sk.startsWith('lease') ? 'shop#lease' : 'shop#tag' }, sk: { S: sk } },
            UpdateExpression: sk.startsWith('fails') ? 'ADD version :one SET fails = :one' : 'ADD version :one',
            ExpressionAttributeValues: { ':one': { N: '1' } },
          }),
        );
      }
    },
    kept: async () => {
      const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request' };
      const listing = await (await fetch(`${s3.endpoint}/failures?list-type=2`, { headers: signed })).text();
      const keys = [...listing.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, key = '']) => key);
      return Promise.all(
        keys.map(async (key) => ({
          key,
          record: (await (await fetch(`${s3.endpoint}/failures/${key}`)).json()) as Discarded,
        })),
      );
    },
  };
}

/** Sort keys of what a record of the failure bucket holds. */
function keysOf({ payload }: Discarded): string {
  return payload.Records.map(({ dynamodb }) => dynamodb.Keys.sk.S).join(' ');
}

/** A window that only a full batch ends. */
const FULL_BATCHES = { pace: { ...FAST, window: 1 } };
const NEVER = Duration.seconds(300);

describe('an event source mapping of a table’s stream', () => {
  it('hands every change to the function, in order', async () => {
    const { write, stack, batches } = await startMapping();
    await write('a', 'b', 'c');
    await stack.settled();
    await until(() => batches().join(' ') === 'a b c');
    expect(stack.state.functions.mappings).toMatchObject([{ pending: 0, discarded: 0, retries: 0 }]);
  });

  it('hands records over as DynamoDB Streams has them', async () => {
    const { write, stack, batches } = await startMapping({}, {}, 'console.log("batch " + JSON.stringify(event))');
    await write('a');
    await stack.settled();
    await until(() => batches().length === 1);
    expect(JSON.parse(batches()[0] ?? '')).toMatchObject({
      Records: [
        {
          eventID: expect.any(String) as string,
          eventName: 'INSERT',
          eventSource: 'aws:dynamodb',
          awsRegion: 'us-east-1',
          eventSourceARN: expect.stringMatching(/:table\/tags\/stream\//) as string,
          dynamodb: {
            ApproximateCreationDateTime: expect.any(Number) as number,
            Keys: { pk: { S: 'shop#tag' }, sk: { S: 'a' } },
            NewImage: { version: { N: '1' } },
            SequenceNumber: expect.any(String) as string,
            StreamViewType: 'NEW_AND_OLD_IMAGES',
          },
        },
      ],
    });
  });

  it('fills a batch while its window is open, and sends a full one at once', async () => {
    const { write, batches } = await startMapping({ batchSize: 3, maxBatchingWindow: NEVER }, FULL_BATCHES);
    await write('a', 'b', 'c', 'd', 'e', 'f', 'g');
    await until(() => batches().length === 2);
    expect(batches()).toEqual(['a b c', 'd e f']);
  });

  it('sends what there is when its window ends', async () => {
    const { write, batches, stack } = await startMapping(
      { batchSize: 100, maxBatchingWindow: Duration.seconds(300) },
      { pace: { ...FAST, window: 0.001 } },
    );
    await write('a', 'b');
    await stack.settled();
    await until(() => batches().join(' ') === 'a b');
  });

  it('leaves out what no filter means', async () => {
    const { write, stack, batches } = await startMapping({
      filters: [{ pattern: '{"dynamodb":{"Keys":{"pk":{"S":["shop#tag"]},"sk":{"S":[{"prefix":"a"}]}}}}' }],
    });
    await write('lease-1', 'b', 'a1', 'a2');
    await stack.settled();
    await until(() => batches().join(' ') === 'a1 a2');
  });

  it('repeats a failed batch until it is handled, before any later one', async () => {
    const { write, stack, batches } = await startMapping({ batchSize: 2, maxBatchingWindow: NEVER }, FULL_BATCHES);
    await write('once', 'b', 'c', 'd');
    await until(() => batches().length === 3);
    await until(() => stack.state.functions.mappings[0]?.pending === 0);
    expect(batches()).toEqual(['once b', 'once b', 'c d']);
  });

  it('splits a failed batch until the poison is alone, and keeps that', async () => {
    const { write, batches, kept, stack } = await startMapping(
      { batchSize: 4, maxBatchingWindow: NEVER, bisectBatchOnError: true, retryAttempts: 1 },
      FULL_BATCHES,
    );
    await write('a', 'b', 'poison', 'd');
    await until(
      () => stack.state.functions.mappings[0]?.discarded === 1 && stack.state.functions.mappings[0].pending === 0,
    );
    expect(batches()).toEqual(['a b poison d', 'a b', 'poison d', 'poison', 'poison', 'd']);
    const [{ key, record } = { key: '', record: undefined }, ...others] = await kept();
    expect(others).toEqual([]);
    const uuid = stack.state.functions.mappings[0]?.uuid ?? '';
    expect(key).toMatch(
      new RegExp(
        `^aws/lambda/${uuid}/shardId-[\\d-]+/\\d{4}/\\d\\d/\\d\\d/\\d{4}-\\d\\d-\\d\\dT\\d\\d\\.\\d\\d\\.\\d\\d-[\\da-f-]{36}$`,
      ),
    );
    expect(record).toMatchObject({
      requestContext: {
        condition: 'RetryAttemptsExhausted',
        functionArn: expect.stringContaining(':function:') as string,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      DDBStreamBatchInfo: { batchSize: 1, streamArn: expect.stringContaining('/stream/') as string },
    });
    expect(record && keysOf(record)).toBe('poison');
  });

  it('keeps a whole batch after its last retry, and goes on', async () => {
    const { write, batches, kept, stack } = await startMapping(
      { batchSize: 2, maxBatchingWindow: NEVER, retryAttempts: 2 },
      FULL_BATCHES,
    );
    await write('a', 'poison', 'c', 'd');
    await until(() => batches().length === 4 && stack.state.functions.mappings[0]?.pending === 0);
    expect(batches()).toEqual(['a poison', 'a poison', 'a poison', 'c d']);
    expect((await kept()).map(({ record }) => keysOf(record))).toEqual(['a poison']);
  });

  it('begins again at the first record that the function reports', async () => {
    const { write, batches, kept, stack } = await startMapping(
      { batchSize: 4, maxBatchingWindow: NEVER, reportBatchItemFailures: true, retryAttempts: 1 },
      FULL_BATCHES,
    );
    await write('a', 'b', 'fails', 'd');
    await until(() => stack.state.functions.mappings[0]?.discarded === 2);
    expect(batches()).toEqual(['a b fails d', 'fails d']);
    expect((await kept()).map(({ record }) => keysOf(record))).toEqual(['fails d']);
  });

  it('loses nothing when the function’s process ends in the middle of a batch', async () => {
    const handler = `
      const keys = event.Records.map(({ dynamodb }) => dynamodb.Keys.sk.S);
      console.log('batch ' + keys.join(' '));
      if (event.Records.some(({ dynamodb }) => dynamodb.Keys.sk.S === 'slow')) await new Promise((f) => setTimeout(f, 300));
      console.log('done ' + keys.join(' '));
    `;
    const { write, batches, stack } = await startMapping({}, {}, handler);
    await write('slow');
    await until(() => batches().length === 1);
    stack.killFunction(stack.state.functions.functions[0]?.name ?? '');
    await stack.settled();
    expect(batches()).toEqual(['slow', 'slow']);
    expect(stack.state.functions.mappings).toMatchObject([{ retries: 1, discarded: 0, pending: 0 }]);
  });

  it('keeps records that have become too old, without handing them over', async () => {
    const { write, batches, kept, stack } = await startMapping({ maxRecordAge: Duration.seconds(60) });
    // The stream's own clock stays: it stamps the record two minutes ago.
    const clock = Date.now;
    onTestFinished(() => {
      Date.now = clock;
    });
    Date.now = () => clock() + 120_000;
    await write('a');
    await until(() => stack.state.functions.mappings[0]?.discarded === 1);
    expect((await kept()).map(({ record }) => record.requestContext.condition)).toEqual(['RecordAgeExceeded']);
    expect(batches()).toEqual([]);
  });

  it('is named as not run where its stream is not in the stack', async () => {
    const { stack } = await start((cdk) => {
      const lambda = inlineFunction(cdk, 'Function', '');
      lambda.addEventSourceMapping('Elsewhere', {
        eventSourceArn: 'arn:aws:dynamodb:us-east-1:000000000000:table/other/stream/2026',
        startingPosition: StartingPosition.LATEST,
      });
    });
    expect(stack.notes.find((note) => note.includes('is not run: arn:aws:dynamodb'))).toBeDefined();
  });
});
