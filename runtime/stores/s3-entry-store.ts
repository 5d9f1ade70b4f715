import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

import type { EntryStore, StoredObject, WriteCondition } from './entry-store';
import type { SignedReads } from './signed-reads';
import { failureOf, statusOf, StoreError } from './store-error';

/** Entries as objects of one bucket. */
export class S3EntryStore implements EntryStore {
  constructor(
    private readonly client: () => S3Client,
    private readonly bucket: string,
    /** A shorter way to read. @default - the client's own */
    private readonly reads?: () => SignedReads,
  ) {}

  async get(key: string, timeout: number, unlessEtag?: string): Promise<StoredObject | 'unchanged' | undefined> {
    const abortSignal = AbortSignal.timeout(timeout);
    try {
      const read = await this.reads?.().tryGet(key, abortSignal, unlessEtag);
      if (read !== undefined) return read === 'absent' ? undefined : read;
      const answer = await this.client().send(
        new GetObjectCommand({ Bucket: this.bucket, Key: key, IfNoneMatch: unlessEtag }),
        { abortSignal },
      );
      if (answer.Body === undefined || answer.ETag === undefined) return undefined;
      return { body: Buffer.from(await answer.Body.transformToByteArray()), etag: answer.ETag };
    } catch (error) {
      const status = statusOf(error);
      if (status === 304) return 'unchanged';
      if (status === 404 && !isMissingBucket(error)) return undefined;
      throw new StoreError('s3', 'GetObject', failureOf(error), { cause: error });
    }
  }

  async put(
    key: string,
    body: Buffer,
    condition: WriteCondition,
    timeout: number,
  ): Promise<{ readonly etag: string } | 'conflict'> {
    try {
      const answer = await this.client().send(
        new PutObjectCommand({
          Bucket: this.bucket,
          Key: key,
          Body: body,
          ContentType: 'application/octet-stream',
          ...('ifMatch' in condition ? { IfMatch: condition.ifMatch } : { IfNoneMatch: '*' }),
        }),
        { abortSignal: AbortSignal.timeout(timeout) },
      );
      return { etag: answer.ETag ?? '' };
    } catch (error) {
      if (isConflict(error)) return 'conflict';
      throw new StoreError('s3', 'PutObject', failureOf(error), { cause: error });
    }
  }
}

/**
 * 412: the condition does not hold. 409: a concurrent conditional write won. 404 with If-Match: the object is gone (lifecycle).
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
function isConflict(error: unknown): boolean {
  const status = statusOf(error);
  return status === 412 || status === 409 || (status === 404 && !isMissingBucket(error));
}

function isMissingBucket(error: unknown): boolean {
  return error instanceof Error && error.name === 'NoSuchBucket';
}
