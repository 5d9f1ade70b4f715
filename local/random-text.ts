import { randomFillSync } from 'node:crypto';

// In advance: asking for a few at a time costs more than all else that an id takes.
const pool = Buffer.alloc(4096);
let used = pool.length;

/** Random bytes as text. @param count up to 4096 */
export function randomText(count: number, encoding: 'hex' | 'base64url'): string {
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += count;
  return pool.toString(encoding, used - count, used);
}
