import { createHash } from 'node:crypto';

import { revalidationOf, untouchedRow, type Revalidation, type TagRow } from '../../../runtime/cache/tag-row';
import type { EntryStore, StoredObject, WriteCondition } from '../../../runtime/stores/entry-store';
import type { LeaseStore, TagStore, WriteAttempt } from '../../../runtime/stores/tag-store';

/** Entries in a map: what S3 does, without time and without faults. */
export class MapEntryStore implements EntryStore {
  readonly objects = new Map<string, StoredObject>();
  private writes = 0;

  get(key: string, _timeout: number, unlessEtag?: string): Promise<StoredObject | 'unchanged' | undefined> {
    const object = this.objects.get(key);
    return Promise.resolve(object !== undefined && object.etag === unlessEtag ? 'unchanged' : object);
  }

  put(key: string, body: Buffer, condition: WriteCondition): Promise<{ readonly etag: string } | 'conflict'> {
    const present = this.objects.get(key)?.etag;
    const holds = 'ifAbsent' in condition ? present === undefined : present === condition.ifMatch;
    if (!holds) return Promise.resolve('conflict');
    this.writes += 1;
    const etag = `"${createHash('md5').update(body).update(String(this.writes)).digest('hex')}"`;
    this.objects.set(key, { body, etag });
    return Promise.resolve({ etag });
  }
}

/** Tag rows in a map: what the table does, without time and without faults. */
export class MapTagStore implements TagStore {
  readonly rows = new Map<string, TagRow>();

  changedSince(since: number): Promise<TagRow[]> {
    return Promise.resolve([...this.rows.values()].filter((row) => row.updatedAt > Math.floor(since)));
  }

  rowsOf(tags: readonly string[]): Promise<TagRow[]> {
    return Promise.resolve([...new Set(tags)].flatMap((tag) => this.rows.get(tag) ?? []));
  }

  revalidate(tag: string, revalidation: Revalidation, attempt: WriteAttempt): Promise<TagRow> {
    const at = Math.floor(attempt.at);
    const row = applyRevalidation(this.rows.get(tag) ?? untouchedRow(tag), revalidation, at);
    this.rows.set(tag, row);
    return Promise.resolve(row);
  }
}

/** Leases in a map. */
export class MapLeaseStore implements LeaseStore {
  private readonly leases = new Map<string, { readonly holder: string; readonly until: number }>();

  acquire(key: string, holder: string, duration: number, attempt: WriteAttempt): Promise<boolean> {
    const lease = this.leases.get(key);
    if (lease !== undefined && lease.holder !== holder && lease.until >= attempt.at) return Promise.resolve(false);
    this.leases.set(key, { holder, until: attempt.at + duration });
    return Promise.resolve(true);
  }

  release(key: string, holder: string): Promise<void> {
    if (this.leases.get(key)?.holder === holder) this.leases.delete(key);
    return Promise.resolve();
  }
}

/** The rules of tag rows, said once more and plainly: the contract suite holds the table's expressions against them. */
export function applyRevalidation(row: TagRow, revalidation: Revalidation, at: number): TagRow {
  const version = row.version + 1;
  if (revalidation.kind === 'expire') {
    return { ...row, version, expiredVersion: version, expiredAt: at, deadline: 0, deadlineVersion: 0, updatedAt: at };
  }
  const passed = row.deadline > 0 && row.deadline <= at && row.deadlineVersion > row.expiredVersion;
  const expiry =
    passed && revalidation.expireSeconds !== undefined
      ? { expiredVersion: row.deadlineVersion, expiredAt: row.staleAt }
      : {};
  const deadline =
    revalidation.expireSeconds === undefined
      ? {}
      : { deadline: Math.floor(at + revalidation.expireSeconds * 1000), deadlineVersion: version };
  return { ...row, ...expiry, ...deadline, version, staleVersion: version, staleAt: at, updatedAt: at };
}

export const expireNow = revalidationOf(undefined);
