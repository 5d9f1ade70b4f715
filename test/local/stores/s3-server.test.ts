import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CallLog } from '../../../local/stores/call-log';
import { etagOf } from '../../../local/stores/s3/checksums';
import { S3Server } from '../../../local/stores/s3-server';

const Bucket = 'cache';
const calls = new CallLog();
let dataDirectory: string;
let server: S3Server;
let client: S3Client;

beforeEach(async () => {
  calls.reset();
  dataDirectory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-stores-'));
  server = await S3Server.start({ calls, maxBytes: 20_000_000, dataDirectory });
  server.createBucket(Bucket);
  client = clientOf(server);
});

/** Whatever a test has done, a server on the same folder has to know what this one did. */
afterEach(async () => {
  client.destroy();
  await server.close();
  const reopened = await S3Server.start({ dataDirectory });
  for (const bucket of server.bucketNames()) reopened.createBucket(bucket);
  expect(contentOf(reopened)).toEqual(contentOf(server));
  await reopened.close();
  rmSync(dataDirectory, { recursive: true });
});

function contentOf(store: S3Server): unknown {
  return store.bucketNames().map((bucket) => [
    bucket,
    store.keys(bucket).map((key) => {
      const { body, ...description } = store.tryGetObject(bucket, key) ?? {};
      return { key, ...description, digest: etagOf(body ?? Buffer.alloc(0)) };
    }),
  ]);
}

describe('objects', () => {
  it('come back with their body, headers and metadata', async () => {
    const written = await client.send(
      new PutObjectCommand({
        Bucket,
        Key: 'pages/a b+c/é?.html',
        Body: 'Grüße',
        CacheControl: 'public, max-age=60',
        ContentType: 'text/html',
        ContentEncoding: 'identity',
        Metadata: { build: 'one' },
      }),
    );
    const read = await client.send(new GetObjectCommand({ Bucket, Key: 'pages/a b+c/é?.html' }));
    expect(await read.Body?.transformToString()).toBe('Grüße');
    expect(read).toMatchObject({
      CacheControl: 'public, max-age=60',
      ContentEncoding: 'identity',
      ContentLength: 7,
      ContentType: 'text/html',
      ETag: written.ETag,
      Metadata: { build: 'one' },
    });
    expect(written.ETag).toBe(`"${createHash('md5').update('Grüße').digest('hex')}"`);
    expect(read.LastModified?.getTime()).toBeLessThanOrEqual(Date.now());
  });

  it('keep keys that look like relative paths apart', async () => {
    await put('a/../b', 'dots');
    await put('a//b', 'slashes');
    expect(server.keys(Bucket)).toEqual(['a/../b', 'a//b']);
    expect(await get('a/../b')).toBe('dots');
  });

  it('are received as aws-chunked streams, whose framing and trailer are not stored', async () => {
    const content = Buffer.alloc(300_000, 'chunked ');
    await client.send(
      new PutObjectCommand({
        Bucket,
        Key: 'stream',
        Body: Readable.from([content.subarray(0, 100_000), content.subarray(100_000)]),
        ContentLength: content.length,
        ContentEncoding: 'br',
        ChecksumAlgorithm: 'CRC32',
      }),
    );
    const read = await client.send(new GetObjectCommand({ Bucket, Key: 'stream', ChecksumMode: 'ENABLED' }));
    expect(Buffer.from((await read.Body?.transformToByteArray()) ?? [])).toEqual(content);
    expect(read.ContentEncoding).toBe('br');
    expect(read.ChecksumCRC32).toBeDefined();
  });

  it('are refused when a checksum does not describe the body', async () => {
    const put = client.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'content', ChecksumCRC32: 'AAAAAA==' }));
    expect(await failure(put)).toEqual([400, 'BadDigest']);
    expect(server.tryGetObject(Bucket, 'x')).toBeUndefined();
  });

  it('larger than two megabytes pass, for which the SDK waits for 100 Continue', async () => {
    await put('large', Buffer.alloc(5_000_000, 1));
    expect((await client.send(new HeadObjectCommand({ Bucket, Key: 'large' }))).ContentLength).toBe(5_000_000);
  });

  it('answer HEAD without a body, also where there is none', async () => {
    await put('there', '12345');
    expect(await client.send(new HeadObjectCommand({ Bucket, Key: 'there' }))).toMatchObject({ ContentLength: 5 });
    expect(await failure(client.send(new HeadObjectCommand({ Bucket, Key: 'absent' })))).toEqual([404, 'NotFound']);
  });

  it.each([
    ['bytes=0-1', '01', 'bytes 0-1/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=-99', '0123456789', 'bytes 0-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
    ['bytes=0-1,4-5', '0123456789', undefined],
    ['bytes=5-2', '0123456789', undefined],
  ])('answer the range %s with %s', async (Range, expected, contentRange) => {
    await put('digits', '0123456789');
    const read = await client.send(new GetObjectCommand({ Bucket, Key: 'digits', Range }));
    expect([await read.Body?.transformToString(), read.ContentRange]).toEqual([expected, contentRange]);
  });

  it('refuse a range behind their end', async () => {
    await put('digits', '0123456789');
    const read = client.send(new GetObjectCommand({ Bucket, Key: 'digits', Range: 'bytes=10-' }));
    expect(await failure(read)).toEqual([416, 'InvalidRange']);
  });

  it('are copied with or without their metadata', async () => {
    await client.send(new PutObjectCommand({ Bucket, Key: 'a/1 2', Body: 'x', ContentType: 'text/css' }));
    const CopySource = `${Bucket}/${encodeURIComponent('a/1 2')}`;
    await client.send(new CopyObjectCommand({ Bucket, Key: 'kept', CopySource }));
    await client.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'replaced',
        CopySource,
        MetadataDirective: 'REPLACE',
        ContentType: 'text/html',
      }),
    );
    expect(server.tryGetObject(Bucket, 'kept')?.headers).toEqual({ 'content-type': 'text/css' });
    expect(server.tryGetObject(Bucket, 'replaced')?.headers).toEqual({ 'content-type': 'text/html' });
    expect(await get('replaced')).toBe('x');
  });

  it('are deleted, one or many, and a missing one is no error', async () => {
    await Promise.all(['a', 'b', 'c & <d>'].map((key) => put(key, key)));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    const deleted = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'b' }, { Key: 'c & <d>' }, { Key: 'absent' }] } }),
    );
    expect(deleted.Deleted?.map(({ Key }) => Key)).toEqual(['b', 'c & <d>', 'absent']);
    expect(server.keys(Bucket)).toEqual([]);
  });
});

describe('conditional requests', () => {
  it('let one of many concurrent creations win', async () => {
    const writes = Array.from({ length: 20 }, (_, index) =>
      outcome(client.send(new PutObjectCommand({ Bucket, Key: 'once', Body: String(index), IfNoneMatch: '*' }))),
    );
    const outcomes = await Promise.all(writes);
    expect(outcomes.filter((status) => status === 200)).toHaveLength(1);
    expect(outcomes.filter((status) => status === 412)).toHaveLength(19);
    expect(await get('once')).toBe(String(outcomes.indexOf(200)));
  });

  it('let one of many concurrent replacements of a version win', async () => {
    const { ETag } = await put('page', 'first');
    const writes = Array.from({ length: 20 }, (_, index) =>
      outcome(client.send(new PutObjectCommand({ Bucket, Key: 'page', Body: String(index), IfMatch: ETag }))),
    );
    const outcomes = await Promise.all(writes);
    expect(outcomes.filter((status) => status === 200)).toHaveLength(1);
    expect(outcomes.filter((status) => status === 412)).toHaveLength(19);
  });

  it('answer 404 to If-Match on an object that is not there', async () => {
    const write = client.send(new PutObjectCommand({ Bucket, Key: 'absent', Body: '', IfMatch: '"x"' }));
    expect(await failure(write)).toEqual([404, 'NoSuchKey']);
  });

  it('answer reads with 304 and 412', async () => {
    const { ETag } = await put('page', 'x');
    const read = (condition: object) =>
      outcome(client.send(new GetObjectCommand({ Bucket, Key: 'page', ...condition })));
    expect(await read({ IfNoneMatch: ETag })).toBe(304);
    expect(await read({ IfNoneMatch: '"other"' })).toBe(200);
    expect(await read({ IfMatch: ETag })).toBe(200);
    expect(await read({ IfMatch: '"other"' })).toBe(412);
    expect(await read({ IfModifiedSince: new Date(Date.now() + 5_000) })).toBe(304);
    expect(await read({ IfUnmodifiedSince: new Date(0) })).toBe(412);
  });

  it('guard deletions', async () => {
    const { ETag } = await put('page', 'x');
    expect(await outcome(client.send(new DeleteObjectCommand({ Bucket, Key: 'page', IfMatch: '"other"' })))).toBe(412);
    expect(await outcome(client.send(new DeleteObjectCommand({ Bucket, Key: 'page', IfMatch: ETag })))).toBe(204);
  });
});

describe('listings', () => {
  it('are paginated in the order of UTF-8 bytes', async () => {
    const keys = ['a/1', 'a/2', 'b', 'z', 'é', '\uff5e', '\u{1f600}'];
    for (const key of [...keys].reverse()) await put(key, key);
    const listed: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client, pageSize: 2 }, { Bucket })) {
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      listed.push(...(page.Contents ?? []).map(({ Key }) => Key));
    }
    expect(listed).toEqual(keys);
  });

  it('roll keys up to common prefixes, across pages too', async () => {
    for (const key of ['p/a/1', 'p/a/2', 'p/b', 'p/c/1', 'q/1']) await put(key, '-');
    const seen: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2({ client, pageSize: 1 }, { Bucket, Prefix: 'p/', Delimiter: '/' })) {
      seen.push(
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix),
        ...(page.Contents ?? []).map(({ Key }) => Key),
      );
    }
    expect(seen).toEqual(['p/a/', 'p/b', 'p/c/']);
  });

  it('begin after a key and survive characters that XML escapes', async () => {
    for (const key of ['a', 'b & <c>', 'd"\n']) await put(key, '-');
    const page = await client.send(new ListObjectsV2Command({ Bucket, StartAfter: 'a' }));
    expect(page.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([
      ['b & <c>', 1],
      ['d"\n', 1],
    ]);
    const encoded = await client.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url', Prefix: 'b' }));
    expect(encoded.Contents?.[0]?.Key).toBe('b%20%26%20%3Cc%3E');
  });

  it('refuse a continuation token of another make', async () => {
    const page = client.send(new ListObjectsV2Command({ Bucket, ContinuationToken: 'not a token' }));
    expect(await failure(page)).toEqual([400, 'InvalidArgument']);
  });
});

describe('the server', () => {
  it('reports S3 errors', async () => {
    expect(await failure(client.send(new GetObjectCommand({ Bucket, Key: 'absent' })))).toEqual([404, 'NoSuchKey']);
    expect(await failure(client.send(new GetObjectCommand({ Bucket: 'other', Key: 'k' })))).toEqual([
      404,
      'NoSuchBucket',
    ]);
    expect(await failure(client.send(new ListObjectsV2Command({ Bucket: 'other' })))).toEqual([404, 'NoSuchBucket']);
    expect(await failure(client.send(new GetBucketAclCommand({ Bucket })))).toEqual([501, 'NotImplemented']);
    expect((await fetch(`${server.endpoint}/${Bucket}/%E0%A4%A`)).status).toBe(400);
  });

  it('counts signed calls by operation', async () => {
    await put('a', 'x');
    await get('a');
    await get('a');
    await failure(client.send(new HeadObjectCommand({ Bucket, Key: 'absent' })));
    await client.send(new ListBucketsCommand());
    await fetch(`${server.endpoint}/${Bucket}/a`);
    expect(calls.snapshot()).toEqual({ s3: { PutObject: 1, GetObject: 2, HeadObject: 1, ListBuckets: 1 } });
  });

  it('answers unsigned reads and refuses unsigned writes', async () => {
    await put('a', 'x');
    const url = `${server.endpoint}/${Bucket}/a`;
    expect(await (await fetch(url)).text()).toBe('x');
    expect((await fetch(url, { method: 'PUT', body: 'y' })).status).toBe(403);
    expect((await fetch(`${server.endpoint}/${Bucket}?list-type=2`)).status).toBe(403);
  });

  it('refuses what would exceed its bound, and frees what is deleted or replaced', async () => {
    await put('a', Buffer.alloc(12_000_000));
    await put('a', Buffer.alloc(12_000_000));
    expect(await failure(put('b', Buffer.alloc(12_000_000)))).toEqual([507, 'InsufficientStorage']);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await put('b', Buffer.alloc(12_000_000));
  });

  it('lets an interceptor see, delay, refuse and cut calls', async () => {
    const seen: object[] = [];
    server.calls.interceptor = (call) => {
      seen.push(call);
      if (call.key === 'refused')
        return { kind: 'error', statusCode: 503, code: 'SlowDown', message: 'Reduce your request rate.' };
      if (call.key === 'cut') return { kind: 'disconnect' };
      if (call.key === 'lost') return { kind: 'lose-answer' };
      return undefined;
    };
    await put('plain', '-');
    expect(seen).toEqual([
      { service: 's3', operation: 'PutObject', resource: Bucket, key: 'plain', accessKeyId: 'replica-1' },
    ]);
    expect(await failure(put('refused', '-'))).toEqual([503, 'SlowDown']);
    await expect(put('cut', '-')).rejects.toThrow();
    await expect(put('lost', '-')).rejects.toThrow();
    expect(server.keys(Bucket)).toEqual(['lost', 'plain']);
  });
});

function clientOf({ endpoint }: S3Server): S3Client {
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'replica-1', secretAccessKey: 'secret' },
  });
}

function put(Key: string, Body: string | Buffer) {
  return client.send(new PutObjectCommand({ Bucket, Key, Body }));
}

async function get(Key: string) {
  return (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
}

async function failure(call: Promise<unknown>): Promise<[number | undefined, string]> {
  const error: unknown = await call.then(
    () => new Error('The call succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof S3ServiceException)) throw error;
  return [error.$metadata.httpStatusCode, error.name];
}

async function outcome(call: Promise<{ $metadata: { httpStatusCode?: number } }>): Promise<number | undefined> {
  return call.then(
    ({ $metadata }) => $metadata.httpStatusCode,
    async (error: unknown) => (await failure(Promise.reject(error as Error)))[0],
  );
}
