/** An object as the store holds it. */
export interface StoredObject {
  readonly body: Buffer;
  readonly etag: string;
}

/** What has to be true for a write to happen: the object is the one last seen, or there is none. */
export type WriteCondition = { readonly ifMatch: string } | { readonly ifAbsent: true };

/** Entries as opaque objects under keys. A missing object is a miss, never an error. */
export interface EntryStore {
  /** One read. `unchanged` when the object still has the given etag. */
  get(key: string, timeout: number, unlessEtag?: string): Promise<StoredObject | 'unchanged' | undefined>;
  /** One write, whole or not at all; `conflict` when the condition does not hold (any more). */
  put(
    key: string,
    body: Buffer,
    condition: WriteCondition,
    timeout: number,
  ): Promise<{ readonly etag: string } | 'conflict'>;
}
