import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { describe, expect, it, onTestFinished } from 'vitest';

import { type Fault, Faults } from '../../../local/faults';
import { S3Server } from '../../../local/stores';
import { until } from '../fleet/support';

/** Two replicas that ask an S3 which may fail. */
async function startS3() {
  const faults = new Faults();
  const server = await S3Server.start({ interceptor: faults.intercept });
  server.createBucket('cache');
  server.putObject('cache', 'key', { body: Buffer.from('content') });
  onTestFinished(async () => {
    faults.close();
    await server.close();
  });
  const replica = (accessKeyId: string) => {
    const client = new S3Client({
      endpoint: server.endpoint,
      forcePathStyle: true,
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey: 'local' },
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    onTestFinished(() => {
      client.destroy();
    });
    return {
      get: async (abortSignal?: AbortSignal) => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: 'cache', Key: 'key' }), { abortSignal });
        return Body?.transformToString();
      },
      put: (Body: string, abortSignal?: AbortSignal) =>
        client.send(new PutObjectCommand({ Bucket: 'cache', Key: 'key', Body }), { abortSignal }),
    };
  };
  return { faults, server, one: replica('replica-1'), two: replica('replica-2') };
}

describe('a fault', () => {
  it('lets a service refuse until it is removed', async () => {
    const { faults, one } = await startS3();
    const { id } = faults.add({ target: 's3', kind: 'refuse' });
    await expect(one.get()).rejects.toThrow(/socket hang up|ECONNRESET/);
    faults.remove(id);
    expect(await one.get()).toBe('content');
  });

  it('lets calls hang, which go on when it ends', async () => {
    const { faults, one } = await startS3();
    faults.add({ target: 's3', kind: 'hang' });
    let answer: string | undefined;
    const asked = one.get().then((content) => (answer = content));
    await until(() => faults.state[0]?.met === 1);
    expect(answer).toBeUndefined();
    faults.remove();
    expect(await asked).toBe('content');
  });

  it('does not carry out what hung when its caller has given up', async () => {
    const { faults, server, one } = await startS3();
    faults.add({ target: 's3', kind: 'hang' });
    const impatience = new AbortController();
    const written = one.put('new', impatience.signal);
    await until(() => faults.state[0]?.met === 1);
    impatience.abort();
    await expect(written).rejects.toThrow(/abort/i);
    await until(() => server.calls.running === 0);
    faults.remove();
    expect(await one.get()).toBe('content');
  });

  it('lets calls wait, and then do what they are to do', async () => {
    const { faults, one } = await startS3();
    faults.add({ target: 's3', kind: 'slow', milliseconds: 80 });
    const since = performance.now();
    expect(await one.get()).toBe('content');
    expect(performance.now() - since).toBeGreaterThan(75);
  });

  it('throttles as the service does', async () => {
    const { faults, one } = await startS3();
    faults.add({ target: 's3', kind: 'throttle' });
    await expect(one.get()).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
  });

  it('corrupts what is read, and not what is kept', async () => {
    const { faults, one } = await startS3();
    faults.add({ target: 's3', kind: 'corrupt' });
    const read = await one.get();
    expect(read).toHaveLength('content'.length);
    expect(read).not.toBe('content');
    faults.remove();
    expect(await one.get()).toBe('content');
  });

  it('meets a share of the calls', async () => {
    const { faults, one } = await startS3();
    faults.add({ target: 's3', kind: 'refuse', rate: 0.5 });
    let met = 0;
    for (let call = 0; call < 100; call++) await one.get().catch(() => met++);
    expect(met).toBeGreaterThan(20);
    expect(met).toBeLessThan(80);
    expect(faults.state[0]?.met).toBe(met);
  });

  it('ends after its time', async () => {
    const { faults, one } = await startS3();
    faults.add({ target: 's3', kind: 'hang', seconds: 0.05 });
    expect(await one.get()).toBe('content');
    expect(faults.state).toEqual([]);
  });

  it('can be meant for one replica or one operation', async () => {
    const { faults, one, two } = await startS3();
    faults.add({ target: 's3', kind: 'refuse', replica: 'replica-1' });
    await expect(one.get()).rejects.toThrow();
    expect(await two.get()).toBe('content');
    faults.remove();
    faults.add({ target: 's3', kind: 'refuse', operation: 'PutObject' });
    await expect(one.put('new')).rejects.toThrow();
    expect(await one.get()).toBe('content');
  });

  it('leaves the way free for a test’s own interceptor', async () => {
    const { faults, one } = await startS3();
    const seen: string[] = [];
    faults.interceptor = ({ operation }) => {
      seen.push(operation);
      return undefined;
    };
    await one.get();
    faults.add({ target: 's3', kind: 'slow', milliseconds: 1 });
    await one.get();
    expect(seen).toEqual(['GetObject', 'GetObject']);
  });

  it.each([
    [
      { target: 'dynamodb', kind: 'hang', milliseconds: 5 },
      '"milliseconds" belongs to faults of kind "slow" only; received kind "hang".',
    ],
    [{ target: 's3', kind: 'hang', seconds: -1 }, '"seconds" must be a number above 0 and up to 86400; received -1.'],
  ] as [Fault, string][])('is refused where it makes no sense: %j', (fault, message) => {
    expect(() => new Faults().add(fault)).toThrow(message);
  });

  it('is named when there is none to remove', () => {
    const faults = new Faults();
    expect(() => {
      faults.remove('fault-9');
    }).toThrow('there is no fault "fault-9"; there are: none.');
  });
});

describe('a partition', () => {
  it('lets the calls of one replica hang, and nobody else’s', async () => {
    const { faults, server, one, two } = await startS3();
    faults.partition('replica-1', true);
    const asked = one.get();
    await until(() => server.calls.running === 1);
    expect(await two.get()).toBe('content');
    faults.partition('replica-1', false);
    expect(await asked).toBe('content');
  });
});
