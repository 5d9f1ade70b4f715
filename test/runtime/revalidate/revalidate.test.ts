import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { DynamoDbServer, type StreamRecord } from '../../../local/stores';
import { systemClock, TableClock } from '../../../runtime/cache/clock';
import { revalidate, tagsOf } from '../../../runtime/revalidate';
import { askTime } from '../../../runtime/revalidate/rows';
import { DynamoDbTagStore } from '../../../runtime/stores/dynamodb-tag-store';
import { ROWS } from '../purge/fixture';

const target = { table: ROWS.TableName, site: 'shop', tagShards: 1 };

let server: DynamoDbServer;
let records: StreamRecord[];

beforeEach(async () => {
  server = await DynamoDbServer.start();
  server.createTable(ROWS);
  records = [];
  server.tryFindStream(ROWS.TableName)?.subscribe((record) => records.push(record));
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', server.endpoint);
  return async () => {
    vi.unstubAllEnvs();
    await server.close();
  };
});

describe('the tags of a revalidation', () => {
  it.each<[string, Parameters<typeof tagsOf>[0], string[]]>([
    ['are those given, each once', { tags: ['a', 'b', 'a'] }, ['a', 'b']],
    ["of a page's path are Next's own", { paths: ['/blog/first'] }, ['_N_T_/blog/first']],
    ['know no slash at the end', { paths: ['/blog/'] }, ['_N_T_/blog']],
    ['of the home page are two', { paths: ['/'] }, ['_N_T_/', '_N_T_/index']],
    ['of its other name too', { paths: ['/index'] }, ['_N_T_/index', '_N_T_/']],
    ['of a route name its kind', { paths: ['/blog/[slug]'], pathType: 'page' }, ['_N_T_/blog/[slug]/page']],
    ['of the root layout are those of all pages', { paths: ['/'], pathType: 'layout' }, ['_N_T_/layout']],
    ['are spelled as every version of Next does', { tags: ['größe'] }, ['größe', 'gr%C3%B6%C3%9Fe']],
  ])('%s', (_, request, tags) => {
    expect(tagsOf(request)).toEqual(tags);
  });

  it.each<[string, Parameters<typeof tagsOf>[0], RegExp]>([
    ['a path without a slash', { paths: ['blog'] }, /a path begins with '\/'.*received 'blog'/],
    ['a route without its type', { paths: ['/blog/[slug]'] }, /needs its type, 'page' or 'layout'/],
    ['a tag that Next would not keep', { tags: ['x'.repeat(257)] }, /1 to 256 characters; received one of 257/],
    ['no tag at all', { tags: [''] }, /received one of 0/],
  ])('refuse %s', (_, request, message) => {
    expect(() => tagsOf(request)).toThrow(message);
  });
});

describe('a revalidation from outside', () => {
  it("writes the same rows as the tasks', and nothing else", async () => {
    const client = new DynamoDBClient();
    onTestFinished(() => {
      client.destroy();
    });
    const progress: string[] = [];
    await revalidate({
      ...target,
      tags: ['a'],
      paths: ['/p'],
      onProgress: (written, total) => progress.push(`${written}/${total}`),
    });
    const store = new DynamoDbTagStore(() => client, target.table, 'shop', 1);
    const rows = await store.rowsOf(['a', '_N_T_/p', '#time'], 5000);
    expect(rows.map(({ tag, version, expiredVersion }) => [tag, version, expiredVersion]).sort()).toEqual([
      ['_N_T_/p', 1, 1],
      ['a', 1, 1],
    ]);
    expect(records).toHaveLength(2);
    expect(progress).toEqual(['1/2', '2/2']);
  });

  it('lets the old content be served for a while, or for as long as the new one takes', async () => {
    await revalidate({ ...target, tags: ['short'], staleFor: 60 });
    await revalidate({ ...target, tags: ['long'], staleFor: Infinity });
    const [short, long] = records.map(({ dynamodb }) => dynamodb.NewImage ?? {});
    expect(short).toMatchObject({ staleVersion: { N: '1' }, deadlineVersion: { N: '1' } });
    expect(long).toMatchObject({ staleVersion: { N: '1' } });
    expect(long).not.toHaveProperty('deadline');
    expect([short, long]).not.toContainEqual(expect.objectContaining({ expiredVersion: expect.anything() as unknown }));
  });

  it('finds the partition of a tag as the tasks do', async () => {
    const client = new DynamoDBClient();
    onTestFinished(() => {
      client.destroy();
    });
    const tags = Array.from({ length: 20 }, (_, index) => `tag-${index}`);
    await revalidate({ ...target, tagShards: 4, tags });
    expect(await new DynamoDbTagStore(() => client, target.table, 'shop', 4).rowsOf(tags, 5000)).toHaveLength(20);
  });

  it('is patient with a table that throttles', async () => {
    let calls = 0;
    server.calls.interceptor = () =>
      calls++ % 3 === 0
        ? { kind: 'error', statusCode: 400, code: 'ProvisionedThroughputExceededException', message: 'slow down' }
        : undefined;
    const tags = Array.from({ length: 50 }, (_, index) => `tag-${index}`);
    await revalidate({ ...target, tags });
    expect(records).toHaveLength(50);
  });

  it('says at once what is not allowed, and writes nothing more', async () => {
    let calls = 0;
    server.calls.interceptor = () => {
      calls += 1;
      return { kind: 'error', statusCode: 400, code: 'AccessDeniedException', message: 'not you' };
    };
    const tags = Array.from({ length: 500 }, (_, index) => `tag-${index}`);
    await expect(revalidate({ ...target, tags })).rejects.toThrow(/UpdateItem failed \(denied\).*not you/);
    expect(calls).toBeLessThan(20);
  });

  it('of nothing calls nobody', async () => {
    server.calls.interceptor = () => {
      throw new Error('called');
    };
    expect(await revalidate(target)).toEqual({ tags: [] });
  });

  it('refuses a time that has passed', async () => {
    await expect(revalidate({ ...target, tags: ['a'], staleFor: -1 })).rejects.toThrow(/staleFor.*received -1/);
  });
});

describe('the time of a row', () => {
  it("is the table's, however wrong the own clock is", async () => {
    const client = new DynamoDBClient({ maxAttempts: 1 });
    onTestFinished(() => {
      client.destroy();
    });
    const now = () => systemClock.now() - 3_600_000;
    const clock = new TableClock({ ...systemClock, now }, Infinity);
    await askTime(client, target.table, 'shop', clock, now);
    expect(Math.abs(clock.offset - 3_600_000)).toBeLessThan(60_000);
    expect(records).toEqual([]);
  });
});
