import { compareUtf8 } from '../utf8';
import type { BucketDirectory } from './bucket-directory';
import { S3Error } from './errors';

/** An object as the server holds it. Immutable: a write replaces it. */
export interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
  /** In milliseconds since the epoch. */
  readonly lastModified: number;
  /** Headers that a read returns: content type, cache control, …, and `x-amz-meta-*`. */
  readonly headers: Record<string, string>;
  /** `x-amz-checksum-*` headers, which a read returns when asked. */
  readonly checksums: Record<string, string>;
}

/**
 * Buckets in memory, bounded in bytes of content, and kept in a directory where there is one.
 *
 * Every method is synchronous, so a check and the write that depends on it are one step: that makes conditional writes atomic.
 */
export class Buckets {
  private readonly buckets = new Map<string, Bucket>();
  private bytes = 0;

  constructor(
    private readonly maxBytes: number,
    private readonly directory?: BucketDirectory,
  ) {}

  create(name: string): void {
    if (this.buckets.has(name)) return;
    this.buckets.set(name, new Bucket());
    for (const [key, object] of this.directory?.load(name) ?? []) this.hold(name, key, object);
  }

  delete(name: string): void {
    if (this.find(name).size > 0) {
      throw new S3Error(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty');
    }
    this.buckets.delete(name);
    this.directory?.removeBucket(name);
  }

  names(): string[] {
    return [...this.buckets.keys()].sort();
  }

  assertExists(name: string): void {
    this.find(name);
  }

  tryGet(bucket: string, key: string): StoredObject | undefined {
    return this.find(bucket).get(key);
  }

  get(bucket: string, key: string): StoredObject {
    const object = this.tryGet(bucket, key);
    if (!object) throw S3Error.noSuchKey(key);
    return object;
  }

  put(bucket: string, key: string, object: StoredObject): void {
    this.hold(bucket, key, object);
    this.directory?.write(bucket, key, object);
  }

  remove(bucket: string, key: string): void {
    const removed = this.tryGet(bucket, key);
    if (!removed) return;
    this.bytes -= removed.body.length;
    this.find(bucket).remove(key);
    this.directory?.remove(bucket, key);
  }

  /** The bucket's keys in S3's order, that of their UTF-8 bytes. */
  keys(bucket: string): readonly string[] {
    return this.find(bucket).sortedKeys();
  }

  /** As {@link put}, but unseen by the directory. */
  hold(bucket: string, key: string, object: StoredObject): void {
    const replaced = this.tryGet(bucket, key);
    const bytes = this.bytes + object.body.length - (replaced?.body.length ?? 0);
    if (bytes > this.maxBytes) throw S3Error.full(this.maxBytes);
    this.bytes = bytes;
    this.find(bucket).set(key, object);
  }

  private find(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw S3Error.noSuchBucket(name);
    return bucket;
  }
}

class Bucket {
  private readonly objects = new Map<string, StoredObject>();
  private sorted: readonly string[] | undefined;

  get size(): number {
    return this.objects.size;
  }

  get(key: string): StoredObject | undefined {
    return this.objects.get(key);
  }

  set(key: string, object: StoredObject): void {
    if (!this.objects.has(key)) this.sorted = undefined;
    this.objects.set(key, object);
  }

  remove(key: string): void {
    this.objects.delete(key);
    this.sorted = undefined;
  }

  sortedKeys(): readonly string[] {
    this.sorted ??= [...this.objects.keys()].sort(compareUtf8);
    return this.sorted;
  }
}
