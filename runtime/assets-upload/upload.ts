import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { GetObjectCommand, HeadObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { contentType } from 'mime-types';
import { type ArchivedFile, openArchive, type RangeReader } from './archive';

/** What the custom resource is told. */
export interface UploadOrder {
  /** Where the zip archive of the files lies. */
  readonly archiveBucket: string;
  readonly archiveKey: string;
  readonly bucket: string;
  /** Beginnings of paths whose files change from build to build under the same name. */
  readonly changing: readonly string[];
}

export interface UploadResult {
  /** Files that the bucket did not have, or had with another content. */
  readonly uploaded: number;
  readonly unchanged: number;
}

/** The name changes with the content. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** To be asked for again each time; unchanged, it is a 304. */
const CHANGING = 'public, max-age=0, must-revalidate';

/** Extracted bytes that may be in memory at once; one file that is larger goes alone. */
const BYTES_AT_WORK = 64 * 1024 * 1024;
const FILES_AT_WORK = 24;

/** An archive of no more bytes is read in one call; of a larger one, each file when its turn comes. */
const READ_AT_ONCE = 8 * 1024 * 1024;

/** Puts the archive's files into the bucket that are not there yet. Nothing is ever deleted. */
export async function upload(s3: S3Client, order: UploadOrder, signal: AbortSignal): Promise<UploadResult> {
  // Each call at work listens to it.
  setMaxListeners(0, signal);
  const size = await archiveSize(s3, order, signal);
  const read = archiveReader(s3, order, signal);
  const files = await openArchive(size, size > READ_AT_ONCE ? read : wholeReader(await read(0, size)));
  let uploaded = 0;
  await forEachAtOnce(files, async (file) => {
    signal.throwIfAborted();
    if (await putUnlessThere(s3, order, file, signal)) uploaded += 1;
  });
  return { uploaded, unchanged: files.length - uploaded };
}

function wholeReader(archive: Buffer): RangeReader {
  return (from, to) => Promise.resolve(archive.subarray(from, to));
}

async function archiveSize(s3: S3Client, order: UploadOrder, abortSignal: AbortSignal): Promise<number> {
  const { ContentLength } = await s3.send(
    new HeadObjectCommand({ Bucket: order.archiveBucket, Key: order.archiveKey }),
    { abortSignal },
  );
  if (!ContentLength) throw new Error(`s3://${order.archiveBucket}/${order.archiveKey} is empty`);
  return ContentLength;
}

function archiveReader(s3: S3Client, order: UploadOrder, abortSignal: AbortSignal): RangeReader {
  return async (from, to) => {
    const Range = `bytes=${from}-${to - 1}`;
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: order.archiveBucket, Key: order.archiveKey, Range }),
      { abortSignal },
    );
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  };
}

async function putUnlessThere(
  s3: S3Client,
  order: UploadOrder,
  file: ArchivedFile,
  abortSignal: AbortSignal,
): Promise<boolean> {
  const Key = file.path;
  const [Body, there] = await Promise.all([file.read(), contentHash(s3, order.bucket, Key, abortSignal)]);
  if (createHash('md5').update(Body).digest('hex') === there) return false;
  await s3.send(
    new PutObjectCommand({
      Bucket: order.bucket,
      Key,
      Body,
      ContentType: contentType(Key.replace(/^.*\//, '')) || 'application/octet-stream',
      CacheControl: order.changing.some((beginning) => Key.startsWith(beginning)) ? CHANGING : IMMUTABLE,
    }),
    { abortSignal },
  );
  return true;
}

/** MD5 of what the bucket has: the ETag of an object that was put in one piece and without a key of KMS. */
async function contentHash(
  s3: S3Client,
  Bucket: string,
  Key: string,
  abortSignal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { ETag } = await s3.send(new HeadObjectCommand({ Bucket, Key }), { abortSignal });
    return ETag?.replaceAll('"', '');
  } catch (error) {
    if (error instanceof Error && error.name === 'NotFound') return undefined;
    throw error;
  }
}

/** Several at once, bounded in number and in bytes; after the first failure no more are begun. */
async function forEachAtOnce(
  files: readonly ArchivedFile[],
  work: (file: ArchivedFile) => Promise<void>,
): Promise<void> {
  const atWork = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let bytes = 0;
  for (const file of files) {
    while (atWork.size >= FILES_AT_WORK || (atWork.size > 0 && bytes + file.size > BYTES_AT_WORK)) {
      await Promise.race(atWork);
    }
    if (failures.length > 0) break;
    bytes += file.size;
    const done = work(file)
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => {
        atWork.delete(done);
        bytes -= file.size;
      });
    atWork.add(done);
  }
  await Promise.all(atWork);
  if (failures.length > 0) throw failures[0];
}
