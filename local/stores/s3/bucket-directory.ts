import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../user-error';
import type { StoredObject } from './buckets';

const EXTENSION = '.object';

/**
 * Keeps objects in files, one folder a bucket: a line of JSON that describes the object, then its body.
 *
 * Files are written whole, under another name first, and before the write is answered: what was answered survives a crash of the process.
 */
export class BucketDirectory {
  constructor(private readonly directory: string) {}

  /** What a bucket of this name held before. */
  *load(bucket: string): Generator<readonly [key: string, object: StoredObject]> {
    const folder = this.folder(bucket);
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder)) {
      const file = join(folder, name);
      // What is not an object was being written when the process died, and never answered.
      if (name.endsWith(EXTENSION)) yield read(file);
      else rmSync(file, { force: true });
    }
  }

  write(bucket: string, key: string, object: StoredObject): void {
    const file = this.file(bucket, key);
    writeFileSync(`${file}.new`, encode(key, object));
    renameSync(`${file}.new`, file);
  }

  remove(bucket: string, key: string): void {
    rmSync(this.file(bucket, key), { force: true });
  }

  removeBucket(bucket: string): void {
    rmSync(this.folder(bucket), { recursive: true, force: true });
  }

  private folder(bucket: string): string {
    return join(this.directory, encodeURIComponent(bucket));
  }

  private file(bucket: string, key: string): string {
    return join(this.folder(bucket), createHash('sha256').update(key).digest('hex') + EXTENSION);
  }
}

function read(file: string): [string, StoredObject] {
  try {
    return decode(readFileSync(file));
  } catch (cause) {
    throw new UserError(`cdk-nextjs-ecs local: ${file} is not an object of a local stack any more. Remove it.`, {
      cause,
    });
  }
}

function encode(key: string, { body, ...description }: StoredObject): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ key, ...description })}\n`), body]);
}

function decode(content: Buffer): [string, StoredObject] {
  const end = content.indexOf('\n');
  const { key, ...description } = JSON.parse(content.toString('utf8', 0, end)) as Omit<StoredObject, 'body'> & {
    key: string;
  };
  return [key, { ...description, body: content.subarray(end + 1) }];
}
