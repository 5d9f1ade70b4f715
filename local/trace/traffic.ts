/** One second of traffic. Times in milliseconds. */
export interface TrafficSecond {
  /** Its begin, in milliseconds since the epoch. */
  readonly time: number;
  readonly requests: number;
  /** Requests that the edge answered out of its cache. */
  readonly hits: number;
  /** Answers of 5xx. */
  readonly errors: number;
  /** Times to the first byte that half and 95 of 100 requests did not exceed; absent where there were none. */
  readonly median?: number;
  readonly percentile95?: number;
}

export interface TrafficEvent {
  readonly isHit: boolean;
  readonly isError: boolean;
  readonly firstByte: number;
}

/** Seconds that are remembered. */
const SECONDS = 300;

/** Beyond it a second's times are a sample: the first so many. */
const MOST_TIMES = 1000;

interface Bucket {
  readonly time: number;
  requests: number;
  hits: number;
  errors: number;
  readonly times: number[];
}

/** How many requests came, how many of them were hits, and how long they took, by the second. */
export class Traffic {
  private readonly buckets: Bucket[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  add({ isHit, isError, firstByte }: TrafficEvent): void {
    const bucket = this.bucket();
    bucket.requests += 1;
    if (isHit) bucket.hits += 1;
    if (isError) bucket.errors += 1;
    if (bucket.times.length < MOST_TIMES) bucket.times.push(firstByte);
  }

  /** Oldest first; seconds without a request are left out. */
  get seconds(): TrafficSecond[] {
    const oldest = this.now() - SECONDS * 1000;
    return this.buckets.filter(({ time }) => time > oldest).map(describe);
  }

  private bucket(): Bucket {
    const time = Math.floor(this.now() / 1000) * 1000;
    const latest = this.buckets.at(-1);
    if (latest?.time === time) return latest;
    const bucket: Bucket = { time, requests: 0, hits: 0, errors: 0, times: [] };
    this.buckets.push(bucket);
    if (this.buckets.length > SECONDS) this.buckets.shift();
    return bucket;
  }
}

function describe({ times, ...counts }: Bucket): TrafficSecond {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number): number | undefined => sorted[Math.ceil(sorted.length * share) - 1];
  const [median, percentile95] = [at(0.5), at(0.95)];
  return { ...counts, ...(median !== undefined && { median }), ...(percentile95 !== undefined && { percentile95 }) };
}
