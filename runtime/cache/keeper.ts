import type { Counters } from '../counters';
import type { Log } from '../log';
import type { Assessor } from './assessor';
import type { Clock, TableClock } from './clock';
import { compareEntries, sizeOf, type CacheControl, type CacheValue, type Entry, type EntryGroup } from './entry';
import type { EntryWriter, WriteResult } from './entry-writer';
import type { Leases } from './lease';
import type { MemoryLayer } from './memory-layer';
import type { Mirror } from './mirror';
import type { Generations, RequestState } from './request-state';
import { ownTagOf } from './tag-row';
import type { TagIndex } from './tag-index';
import type { TagWriter } from './tag-writer';
import type { WriteBehind } from './write-behind';

/** A value that was generated, and what is known of how. */
export interface Generated {
  readonly group: EntryGroup;
  readonly key: string;
  readonly objectKey: string;
  readonly value: CacheValue | null;
  readonly tags: readonly string[];
  /** Tags of the reader for whom it was generated. */
  readonly softTags: readonly string[];
  readonly cacheControl: CacheControl | undefined;
  /** When generation began (monotonic). */
  readonly startedAt: number;
  /** When the value was made, by the own clock; now where Next does not say. */
  readonly madeAt?: number;
}

export interface KeeperParts {
  readonly memory: MemoryLayer;
  readonly writer: EntryWriter;
  readonly writeBehind: WriteBehind;
  readonly mirror: Mirror;
  readonly index: TagIndex;
  readonly generations: Generations;
  readonly assessor: Assessor;
  readonly leases: Leases;
  readonly tagWriter: TagWriter;
  readonly clock: Clock;
  readonly tableClock: TableClock;
  readonly counters: Counters;
  readonly log: Log;
}

/** The write path: memory at once, the store behind, the key's own row for what was set on demand. */
export class Keeper {
  private failing = false;

  constructor(private readonly parts: KeeperParts) {}

  /** The entry that a generated value makes, stamped with what its renderer had seen. */
  entryOf(generated: Generated, state: RequestState): Entry {
    const { group, key, value, cacheControl, startedAt } = generated;
    // 'use cache' data is never set on demand, and its keys change with the build.
    const own = group === 'use-cache' ? [] : [ownTagOf(group, key)];
    const tags = [...new Set([...generated.tags, ...own])];
    const { generations, mirror, index } = this.parts;
    const reach = mirror.horizonAt(startedAt);
    // Next does not always say under which soft tags data is generated. What changed since the horizon is noted for all who may
    // read it, or it would be generated anew until the horizon has passed the revalidation that it was generated for.
    const latest = group === 'response' || group === 'image' ? [] : index.changedAfter(reach);
    const seen = new Set([...tags, ...generated.softTags, ...latest]);
    const stamp = {
      versions: generations.versionsSeen(seen, startedAt, state),
      horizon: generations.horizonSeen(seen, reach, startedAt, state),
    };
    const madeAt = this.parts.tableClock.fromLocal(generated.madeAt ?? this.parts.clock.now());
    return { group, key, value, tags, stamp, lastModified: madeAt, cacheControl };
  }

  /** Keeps an entry: readers here have it at once, others when it is written. */
  keep(objectKey: string, entry: Entry): void {
    const held = this.parts.memory.get(objectKey);
    // A slow render of the old content must not replace what was set on demand meanwhile.
    if (held !== undefined && held.source !== 'build' && compareEntries(entry, held.entry) < 0) {
      this.parts.counters.count('write.superseded');
      void this.parts.leases.release(objectKey);
      return;
    }
    this.parts.memory.set(objectKey, { entry, etag: held?.etag, source: 'local', heldUntil: 0 });
    this.parts.writeBehind.add(objectKey, sizeOf(entry), () => this.write(objectKey, entry, held?.etag));
  }

  /**
   * Keeps an entry that was set on demand (`res.revalidate()`). The key's own row is written first: should the replica die in
   * between, everybody renders anew. The entry counts as having seen that row, unless another one came while it was rendered:
   * then either may be the older, and the next request renders.
   */
  async keepOnDemand(objectKey: string, entry: Entry): Promise<void> {
    const { memory, tagWriter } = this.parts;
    const own = ownTagOf(entry.group, entry.key);
    const seen = entry.stamp.versions.get(own);
    const row = await tagWriter.revalidateOne(own, { kind: 'expire' });
    if (seen === undefined || row.version !== seen + 1) {
      memory.delete(objectKey);
      return;
    }
    const renewed = withVersion(entry, own, row.version);
    const etag = memory.get(objectKey)?.etag;
    memory.set(objectKey, { entry: renewed, etag, source: 'local', heldUntil: 0 });
    await this.write(objectKey, renewed, etag);
  }

  /** Lets nobody have what a render has made: it may be older than the revalidation of its key, and the next request renders. */
  async giveUp(objectKey: string, { group, key }: Entry): Promise<void> {
    const { memory, tagWriter, leases } = this.parts;
    memory.delete(objectKey);
    await tagWriter.revalidateOne(ownTagOf(group, key), { kind: 'expire' });
    void leases.release(objectKey);
  }

  /** Serves what is held for a while longer: its regeneration failed. Nothing is written, and its stamp stays what it was. */
  retain(objectKey: string, seconds: number): void {
    const held = this.parts.memory.get(objectKey);
    if (held !== undefined) held.heldUntil = this.parts.clock.monotonic() + seconds * 1000;
    this.parts.counters.count('reset.retained');
    void this.parts.leases.release(objectKey);
  }

  private async write(objectKey: string, entry: Entry, etag: string | undefined): Promise<void> {
    try {
      // Expired while it was rendered: nobody may be served it, here or elsewhere.
      if (this.parts.assessor.isExpired(entry)) this.parts.counters.count('write.superseded');
      else
        this.written(
          objectKey,
          entry,
          await this.parts.writer.write(objectKey, entry, this.parts.memory.get(objectKey)?.etag ?? etag),
        );
      this.failing = false;
    } catch (error) {
      this.parts.counters.count('write.failed');
      if (!this.failing) this.parts.log.warn('cache.writeFailed', { reason: String(error) });
      this.failing = true;
    } finally {
      await this.parts.leases.release(objectKey);
    }
  }

  private written(objectKey: string, entry: Entry, result: WriteResult): void {
    const held = this.parts.memory.get(objectKey);
    if (held !== undefined && held.entry !== entry) {
      // Something newer was kept meanwhile; it will replace the object that is there now.
      this.parts.memory.set(objectKey, { ...held, etag: result.etag });
    } else if (result.kind === 'superseded') {
      this.parts.counters.count('write.superseded');
      this.parts.memory.set(objectKey, { entry: result.by, etag: result.etag, source: 'store', heldUntil: 0 });
    } else if (held !== undefined) {
      this.parts.memory.set(objectKey, { ...held, etag: result.etag, source: 'store' });
    }
  }
}

function withVersion(entry: Entry, tag: string, version: number): Entry {
  return { ...entry, stamp: { ...entry.stamp, versions: new Map(entry.stamp.versions).set(tag, version) } };
}
