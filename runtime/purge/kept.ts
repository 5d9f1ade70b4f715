import { createHash } from 'node:crypto';

import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3';

import { isObject } from './events';

/** Why an event is kept. */
export type KeptReason = 'unreadable' | 'refused' | 'late';

export interface KeptObject {
  readonly key: string;
  readonly keptAt: number;
}

/** What could not be purged, whole, as objects of one bucket: the function's own, and those of Lambda's failure destinations. */
export interface KeptEvents {
  keep(reason: KeptReason, event: unknown, at: number): Promise<string>;
  /** All of them, the oldest first. */
  list(): Promise<KeptObject[]>;
  /** The event of an object; `undefined` where there is none to be found in it. */
  read(key: string): Promise<unknown>;
  remove(key: string): Promise<void>;
}

/** Keys of the function's own objects begin so; Lambda's begin with `aws/lambda/`. */
const PREFIX = 'purge';

export function keptInBucket(bucket: string): KeptEvents {
  const client = new S3Client({
    // A loopback or private endpoint has no host name a bucket.
    forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined,
  });
  return {
    async keep(reason, event, at) {
      const body = JSON.stringify({ version: '1.0', reason, timestamp: new Date(at).toISOString(), payload: event });
      const digest = createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, 16);
      const key = `${PREFIX}/${new Date(at).toISOString()}-${reason}-${digest}.json`;
      await client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentType: 'application/json' }),
      );
      return key;
    },
    async list() {
      const objects: KeptObject[] = [];
      let token: string | undefined;
      do {
        const page: ListObjectsV2CommandOutput = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }),
        );
        for (const { Key: key, LastModified } of page.Contents ?? []) {
          if (key !== undefined) objects.push({ key, keptAt: LastModified?.getTime() ?? 0 });
        }
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return objects.sort((left, right) => left.keptAt - right.keptAt || (left.key < right.key ? -1 : 1));
    },
    async read(key) {
      const answer = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      return eventOf((await answer.Body?.transformToString()) ?? '');
    },
    async remove(key) {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    },
  };
}

/**
 * Lambda calls the event `payload` where a stream's batch failed, and `requestPayload` where an asynchronous call did.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
function eventOf(body: string): unknown {
  const record = tryParse(body);
  if (!isObject(record)) return undefined;
  const event = record.payload ?? record.requestPayload;
  return typeof event === 'string' ? tryParse(event) : event;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
