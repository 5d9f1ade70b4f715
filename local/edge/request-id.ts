import { randomFillSync } from 'node:crypto';

const BYTES = 40;

// Random bytes in advance: asking for forty at a time costs more than all else that an id takes.
const pool = Buffer.alloc(BYTES * 100);
let used = pool.length;

/** An `X-Amz-Cf-Id`. */
export function createRequestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += BYTES;
  return `${pool.toString('base64url', used - BYTES, used)}==`;
}
