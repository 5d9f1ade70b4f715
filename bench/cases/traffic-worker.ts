/** A day of traffic over the memory layer, in a process of its own: `traffic-worker.ts REQUESTS`, with --expose-gc. */
import { randomFillSync } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import type { Entry } from '../../runtime/cache/entry';
import { MemoryLayer } from '../../runtime/cache/memory-layer';

export interface Day {
  /** Share of requests that the memory layer answered, and that an ideal LRU of the same bytes would have answered. */
  readonly layer: number;
  readonly ideal: number;
  readonly bound: number;
  /** The most that the layer said it held. */
  readonly most: number;
  /** Bytes in use beyond those before the first request, in the course of the day. */
  readonly heap: readonly number[];
}

const KEYS = 1_000_000;
const BOUND = 64 * 1024 * 1024;
const SAMPLES = 40;
/** Of requests to a shop or a journal: https://www.usenix.org/legacy/publications/library/proceedings/usits97/ */
const EXPONENT = 0.8;

/** Requests by rank: the k-th page is asked for in proportion to 1 / k^s. */
class Zipf {
  private readonly cumulated = new Float64Array(KEYS);
  private state = 12_345;

  constructor() {
    let sum = 0;
    for (let rank = 0; rank < KEYS; rank += 1) {
      sum += 1 / (rank + 1) ** EXPONENT;
      this.cumulated[rank] = sum;
    }
  }

  next(): number {
    const wanted = this.random() * (this.cumulated[KEYS - 1] ?? 0);
    let [low, high] = [0, KEYS - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.cumulated[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** mulberry32: the same day each time. */
  private random(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}

/** Least recently used first, in bytes of content and nothing else. */
class IdealLru {
  private readonly sizes = new Map<number, number>();
  private bytes = 0;

  /** Whether it was there. */
  ask(key: number, size: number): boolean {
    const known = this.sizes.get(key);
    if (known !== undefined) {
      this.sizes.delete(key);
      this.sizes.set(key, known);
      return true;
    }
    this.sizes.set(key, size);
    this.bytes += size;
    for (const [oldest, held] of this.sizes) {
      if (this.bytes <= BOUND) break;
      this.sizes.delete(oldest);
      this.bytes -= held;
    }
    return false;
  }
}

/** HTML of 2 to 26 KB, the same for the same page, and its payload. */
function lengthOf(key: number): number {
  return 2048 + ((Math.imul(key, 2_654_435_761) >>> 0) % 24_576);
}

/** Noise, so that no two pages share memory. */
const noise = Buffer.from(randomFillSync(Buffer.alloc(64 * 1024)).toString('base64'));

function pageOf(key: number): Entry {
  const length = lengthOf(key);
  const offset = key % (noise.length - length);
  return {
    group: 'response',
    key: `/products/${key}`,
    value: {
      kind: 'APP_PAGE',
      html: noise.toString('utf8', offset, offset + length),
      rscData: ownCopy(noise.subarray(offset, offset + (length >> 1))),
      headers: { 'x-next-cache-tags': `products,product:${key}` },
      status: 200,
    },
    tags: ['products', `product:${key}`, `own:/products/${key}`],
    stamp: { versions: new Map(), horizon: 1 },
    lastModified: 1,
    cacheControl: { revalidate: 60 },
  };
}

/** As entry-codec.ts does it: out of Node's pool one buffer would keep others. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

/** After another thread has given back the buffers of what was collected. */
async function inUse(): Promise<number> {
  for (let turn = 0; turn < 3; turn += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function main(requests: number): Promise<void> {
  const zipf = new Zipf();
  const layer = new MemoryLayer(BOUND);
  const ideal = new IdealLru();
  const before = await inUse();
  const heap: number[] = [];
  let [hits, idealHits, most] = [0, 0, 0];
  for (let request = 1; request <= requests; request += 1) {
    const key = zipf.next();
    const length = lengthOf(key);
    if (ideal.ask(key, length + (length >> 1))) idealHits += 1;
    if (layer.get(String(key)) !== undefined) hits += 1;
    else layer.set(String(key), { entry: pageOf(key), etag: undefined, source: 'store', heldUntil: 0 });
    most = Math.max(most, layer.bytes);
    if (request % Math.floor(requests / SAMPLES) === 0) heap.push((await inUse()) - before);
  }
  const day: Day = { layer: hits / requests, ideal: idealHits / requests, bound: BOUND, most, heap };
  console.log(JSON.stringify(day));
}

void main(Number(process.argv[2] ?? 300_000));
