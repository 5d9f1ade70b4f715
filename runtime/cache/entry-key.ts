import { createHash } from 'node:crypto';

import { remembered } from '../remembered';
import type { EntryGroup } from './entry';

/** Makes the keys of a site's objects: `<site>/<namespace>/<kind>/<sha256(key)>`, whatever the length and script of Next's key. */
export class EntryKeys {
  /** Namespace of entries that builds share when that is switched on. */
  private static readonly SHARED = 'shared';
  /** Keys of hot pages are hashed once. */
  private readonly digestOf = remembered(500_000, sha256);

  constructor(
    private readonly site: string,
    private readonly namespace: string,
    private readonly sharedFetches: boolean,
  ) {}

  objectKey(group: EntryGroup, key: string): string {
    const namespace = group === 'fetch' && this.sharedFetches ? EntryKeys.SHARED : this.namespace;
    return `${this.site}/${namespace}/${group}/${this.digestOf(key)}`;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
