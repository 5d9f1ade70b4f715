import { Writable, type Readable } from 'node:stream';

/** Bytes that bodies on their way may occupy altogether. */
export class MemoryBudget {
  private used = 0;

  constructor(readonly limit: number) {}

  reserve(bytes: number): boolean {
    if (this.used + bytes > this.limit) return false;
    this.used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.used -= bytes;
  }
}

export interface SharedBodyOptions {
  /** Whether the body is kept whole, for the cache and for viewers that join later. */
  readonly keep: boolean;
  /** Bytes above which a body is no longer kept. */
  readonly limit: number;
  readonly budget: MemoryBudget;
}

interface Reader {
  readonly writable: Writable;
  /** Number of the chunk that comes next. */
  next: number;
  blocked: boolean;
}

/** A body that is not kept waits for its slowest reader once so many bytes lie here. */
const HIGH_WATER_MARK = 256 * 1024;

/**
 * A response's body as it comes from the origin, passed on chunk by chunk to every viewer that shares it.
 *
 * A kept body flows at the origin's pace and is whole at its end; one that grows beyond its bounds is let go of, and then flows at the
 * pace of the slowest viewer. The origin's answer ends early when nobody wants it any more.
 */
export class SharedBody {
  /** Settles at the end: the whole body if it was kept and came complete, else undefined. */
  readonly whole: Promise<Buffer | undefined>;
  private settle: (body: Buffer | undefined) => void = () => undefined;
  private chunks: Buffer[] = [];
  /** How many chunks were let go of. */
  private dropped = 0;
  private buffered = 0;
  private reserved = 0;
  private holders = 0;
  private ended = false;
  private failed = false;
  private started = false;
  private keeping: boolean;
  private readonly readers = new Set<Reader>();

  constructor(
    private readonly source: Readable,
    private readonly options: SharedBodyOptions,
  ) {
    this.keeping = options.keep;
    this.whole = new Promise((resolve) => (this.settle = resolve));
    source.on('error', () => {
      this.fail();
    });
  }

  /** Whether a viewer that comes now still gets every byte. */
  get complete(): boolean {
    return this.dropped === 0 && !this.failed;
  }

  /** Passes the body on, from its first byte, and ends the writable with it. */
  pipe(writable: Writable): void {
    const reader: Reader = { writable, next: this.dropped, blocked: false };
    this.readers.add(reader);
    writable.on('drain', () => {
      reader.blocked = false;
      this.advance(reader);
      this.trim();
    });
    writable.on('close', () => {
      this.readers.delete(reader);
      this.trim();
      this.abandon();
    });
    if (this.failed) writable.destroy();
    this.start();
    this.advance(reader);
  }

  /** Keeps the body coming although no viewer reads it; the returned function lets go. */
  hold(): () => void {
    this.holders += 1;
    this.start();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.holders -= 1;
      this.abandon();
    };
  }

  /**
   * Ends the origin's answer unless somebody reads or holds it: CloudFront does not keep what its viewers cancelled.
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#response-custom-canceled-requests
   */
  abandon(): void {
    if (this.readers.size > 0 || this.holders > 0 || this.ended || this.failed) return;
    this.source.destroy();
    this.fail();
  }

  private start(): void {
    if (this.started) return;
    this.started = true;
    this.source.on('data', (chunk: Buffer) => {
      this.push(chunk);
    });
    this.source.on('end', () => {
      this.end();
    });
    // A source that closes without an end was cut off.
    this.source.on('close', () => {
      if (!this.ended) this.fail();
    });
  }

  private push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    if (this.keeping) this.keep(chunk.length);
    for (const reader of this.readers) this.advance(reader);
    this.trim();
    if (!this.keeping && this.buffered > HIGH_WATER_MARK) this.source.pause();
  }

  private keep(bytes: number): void {
    if (this.buffered <= this.options.limit && this.options.budget.reserve(bytes)) {
      this.reserved += bytes;
      return;
    }
    this.letGo();
  }

  private letGo(): void {
    this.keeping = false;
    this.options.budget.release(this.reserved);
    this.reserved = 0;
  }

  private advance(reader: Reader): void {
    while (!reader.blocked && reader.next < this.dropped + this.chunks.length) {
      const chunk = this.chunks[reader.next - this.dropped];
      reader.next += 1;
      if (chunk !== undefined && !reader.writable.write(chunk)) reader.blocked = true;
    }
    if (this.ended && !reader.blocked && reader.next === this.dropped + this.chunks.length) {
      this.readers.delete(reader);
      reader.writable.end();
    }
  }

  /** Lets go of the chunks that every reader has had, unless the body is kept. */
  private trim(): void {
    if (this.keeping || this.readers.size === 0) return;
    let slowest = Infinity;
    for (const reader of this.readers) slowest = Math.min(slowest, reader.next);
    const gone = this.chunks.splice(0, slowest - this.dropped);
    this.dropped += gone.length;
    for (const chunk of gone) this.buffered -= chunk.length;
    if (this.buffered <= HIGH_WATER_MARK && this.source.isPaused()) this.source.resume();
  }

  private end(): void {
    this.ended = true;
    const whole = this.keeping ? Buffer.concat(this.chunks) : undefined;
    for (const reader of [...this.readers]) this.advance(reader);
    this.settle(whole);
    this.letGo();
  }

  private fail(): void {
    if (this.ended || this.failed) return;
    this.failed = true;
    // A viewer must see that its answer is not complete: its connection is cut, as CloudFront's is.
    for (const reader of [...this.readers]) reader.writable.destroy();
    this.readers.clear();
    this.chunks = [];
    this.settle(undefined);
    this.letGo();
  }
}

/** Reads the body as a viewer would; undefined when it breaks off. */
export function readToEnd(body: SharedBody): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const sink = new Writable({
      write: (chunk: Buffer, _, done) => {
        chunks.push(chunk);
        done();
      },
    });
    sink.on('finish', () => {
      resolve(Buffer.concat(chunks));
    });
    // After 'finish' this changes nothing.
    sink.on('close', () => {
      resolve(undefined);
    });
    body.pipe(sink);
  });
}
