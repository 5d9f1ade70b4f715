import { LRUCache } from 'lru-cache';

import { edgeTagOf } from '../../contract';

/** The edge knows tags by their hashes only, and nobody looks at more at once. */
const MOST_TAGS = 5000;

const EDGE_TAG = /#([0-9a-f]{16})\b/g;

/** The tags that were heard of, and what people call them. */
export class TagNames {
  private readonly tags = new LRUCache<string, string>({ max: MOST_TAGS });

  get known(): readonly string[] {
    return [...this.tags.values()];
  }

  learn(tags: Iterable<string>): void {
    for (const tag of tags) this.tags.set(edgeTagOf(tag), tag);
  }

  /** A sentence of the edge with the tags' own names in place of their hashes. */
  explain(sentence: string): string {
    return sentence.replace(EDGE_TAG, (item, hash: string) => {
      const tag = this.tags.peek(hash);
      return tag === undefined ? item : describeTag(tag);
    });
  }
}

const PATH_TAG = '_N_T_';
const OWN_TAG = '_N_K_';

/** What a person would call a tag: Next.js has tags of its own for paths, and each key has one here. */
export function describeTag(tag: string): string {
  if (tag.startsWith(OWN_TAG)) return 'its own tag (on demand)';
  return tag.startsWith(PATH_TAG) ? `path ${tag.slice(PATH_TAG.length)}` : `tag \`${tag}\``;
}

/** Whether the app itself has chosen the tag. */
export function isOfApp(tag: string): boolean {
  return !tag.startsWith(OWN_TAG) && !tag.startsWith(PATH_TAG);
}
