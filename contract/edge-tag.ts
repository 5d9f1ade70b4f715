import { createHash } from 'node:crypto';

const HASH_DIGITS = 16;

/** One of Next's tags as CloudFront's, which knows no case and few characters. */
export function edgeTagOf(tag: string): string {
  return createHash('sha256').update(tag).digest('hex').slice(0, HASH_DIGITS);
}
