import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, it, onTestFinished } from 'vitest';

import { DynamoDbServer } from '../../../local/stores';
import { systemClock, TableClock } from '../../../runtime/cache/clock';
import { TagIndex } from '../../../runtime/cache/tag-index';
import { TagWriter } from '../../../runtime/cache/tag-writer';
import { Counters } from '../../../runtime/counters';
import { silentLog } from '../../../runtime/log';
import { DynamoDbTagStore } from '../../../runtime/stores/dynamodb-tag-store';
import { ROWS } from '../purge/fixture';

/** 20 rows a second with their index, a fiftieth of what a partition of DynamoDB takes. */
const WRITE_UNITS = 40;

it('writes every row of many tags to a table that throttles', async () => {
  const server = await DynamoDbServer.start({ partitionWriteUnits: WRITE_UNITS });
  server.createTable(ROWS);
  const written = new Set<string | undefined>();
  server.tryFindStream(ROWS.TableName)?.subscribe(({ dynamodb }) => written.add(dynamodb.Keys.sk?.S));
  const client = new DynamoDBClient({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  onTestFinished(async () => {
    client.destroy();
    await server.close();
  });
  const store = new DynamoDbTagStore(() => client, ROWS.TableName, 'shop', 1);
  const tableClock = new TableClock(systemClock, Number.POSITIVE_INFINITY);
  tableClock.observe(systemClock.now(), systemClock.now(), systemClock.now());
  const index = new TagIndex(1000, 0, () => systemClock.monotonic());
  const counters = new Counters();
  let calls = 0;
  server.calls.interceptor = () => {
    calls += 1;
    return undefined;
  };
  const writer = new TagWriter(store, index, 1000, systemClock, tableClock, counters, silentLog);
  const tags = Array.from({ length: 80 }, (_, number) => `tag-${number}`);
  await writer.revalidate(tags, { kind: 'expire' });
  expect(calls).toBeGreaterThan(tags.length);
  expect(written).toEqual(new Set(tags));
});
