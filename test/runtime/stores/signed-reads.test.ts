import { S3Client } from '@aws-sdk/client-s3';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { S3EntryStore } from '../../../runtime/stores/s3-entry-store';
import { SignedReads } from '../../../runtime/stores/signed-reads';
import { isSigned } from './signature';

const SECRET = 'secret';
const TIMEOUT = 10_000;

/** Requests that the SDK's middleware has seen; it numbers them. */
function isOfSdk({ headers }: IncomingMessage): boolean {
  return headers['amz-sdk-invocation-id'] !== undefined;
}

describe('signed reads', () => {
  let server: Server;
  let requests: IncomingMessage[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  let store: S3EntryStore;
  let calls: number;

  beforeEach(async () => {
    requests = [];
    calls = 0;
    answer = (_request, response) => response.setHeader('etag', '"1"').end('content');
    server = createServer((request, response) => {
      requests.push(request);
      answer(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'id', secretAccessKey: SECRET, sessionToken: 'token' },
      forcePathStyle: true,
      maxAttempts: 1,
    });
    const reads = new SignedReads(client, () => (calls += 1));
    store = new S3EntryStore(
      () => client,
      'bucket',
      () => reads,
    );
    await store.get('first', TIMEOUT);
  });
  afterEach(() => {
    server.close();
    server.closeAllConnections();
  });

  it('go past the SDK once it has shown where the bucket is', async () => {
    expect(await store.get("site/a b/ü(1)!'*", TIMEOUT, '"0"')).toEqual({ body: Buffer.from('content'), etag: '"1"' });
    const [first, second] = requests;
    expect([first, second].map((request) => request && isOfSdk(request))).toEqual([true, false]);
    expect(second?.url).toBe('/bucket/site/a%20b/%C3%BC%281%29%21%27%2A');
    expect(second?.headers['if-none-match']).toBe('"0"');
    expect(calls).toBe(1);
  });

  it('are signed as the SDK signs, with the token of temporary credentials', async () => {
    await store.get('a/b', TIMEOUT);
    expect(requests.map((request) => isSigned(request, SECRET))).toEqual([true, true]);
    const [, direct] = requests;
    expect(direct && isSigned(direct, 'another')).toBe(false);
    expect(direct?.headers['x-amz-security-token']).toBe('token');
    expect(direct?.headers.authorization).toContain('x-amz-security-token');
  });

  it('say that there is no such object, and leave to the SDK what a missing bucket is', async () => {
    answer = (_request, response) => response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    expect(await store.get('a', TIMEOUT)).toBeUndefined();
    expect(requests).toHaveLength(2);
    answer = (_request, response) => response.writeHead(404).end('<Error><Code>NoSuchBucket</Code></Error>');
    await expect(store.get('a', TIMEOUT)).rejects.toMatchObject({ failure: 'missing' });
    expect(requests.slice(2).map(isOfSdk)).toEqual([false, true]);
  });

  it.each([
    [403, 'AccessDenied', 'denied'],
    [503, 'SlowDown', 'throttled'],
  ])('leave an answer of %i to the SDK', async (status, code, failure) => {
    answer = (_request, response) => response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
    await expect(store.get('a', TIMEOUT)).rejects.toMatchObject({ failure });
    expect(requests.slice(1).map(isOfSdk)).toEqual([false, true]);
  });

  it('leave a connection that breaks to the SDK', async () => {
    answer = (request, response) => {
      if (isOfSdk(request)) response.setHeader('etag', '"2"').end('again');
      else request.socket.destroy();
    };
    expect(await store.get('a', TIMEOUT)).toEqual({ body: Buffer.from('again'), etag: '"2"' });
  });

  it('end with the time that they have, without asking again', async () => {
    answer = () => undefined;
    await expect(store.get('a', 50)).rejects.toMatchObject({ failure: 'timeout' });
    expect(requests).toHaveLength(2);
  });
});
