import type { Counters } from '../counters';
import type { EntryStore, WriteCondition } from '../stores/entry-store';
import { compareEntries, type Entry } from './entry';
import { decodeEntry, encodeEntry } from './entry-codec';

/** What became of a write: the entry is stored, or a newer one was found and stays. */
export type WriteResult =
  | { readonly kind: 'written'; readonly etag: string }
  | { readonly kind: 'superseded'; readonly by: Entry; readonly etag: string };

/** Rounds in which other writers may get in between; then the entry stays local. */
const ROUNDS = 4;

/** Writes entries so that an older render never replaces a newer one, whatever the order in which they arrive. */
export class EntryWriter {
  constructor(
    private readonly store: EntryStore,
    private readonly timeout: number,
    private readonly counters: Counters,
  ) {}

  /** Writes `entry`; `knownEtag` is the object that its renderer's replica last saw. Rejects when the store does. */
  async write(objectKey: string, entry: Entry, knownEtag: string | undefined): Promise<WriteResult> {
    const body = await encodeEntry(entry);
    let condition: WriteCondition = knownEtag === undefined ? { ifAbsent: true } : { ifMatch: knownEtag };
    for (let round = 0; round < ROUNDS; round += 1) {
      const answer = await this.store.put(objectKey, body, condition, this.timeout);
      if (answer !== 'conflict') {
        this.counters.count('bytes.written', body.length);
        return { kind: 'written', etag: answer.etag };
      }
      const stored = await this.store.get(objectKey, this.timeout);
      if (stored === undefined || stored === 'unchanged') {
        condition = { ifAbsent: true };
        continue;
      }
      const other = await decodeEntry(stored.body, entry.group, entry.key);
      if (other !== undefined && compareEntries(entry, other) <= 0) {
        return { kind: 'superseded', by: other, etag: stored.etag };
      }
      condition = { ifMatch: stored.etag };
    }
    throw new Error(`cdk-nextjs-ecs cache: an entry was replaced ${String(ROUNDS)} times while it was being written`);
  }
}
