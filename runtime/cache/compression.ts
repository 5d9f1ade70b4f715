import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

/** How an object's bytes are compressed, as a byte of the object says. */
export const Compression = { NONE: 0, DEFLATE: 1, ZSTD: 2 } as const;

/**
 * Zstandard came to Node.js with 22.15 and 23.8; the types are of an older one.
 * https://nodejs.org/api/zlib.html#zlibzstdcompressbuffer-options-callback
 */
interface Zstandard {
  readonly zstdCompress: (bytes: Uint8Array, options: object, done: Done) => void;
  readonly zstdCompressSync: (bytes: Uint8Array, options: object) => Buffer;
  readonly zstdDecompress: (bytes: Uint8Array, options: object, done: Done) => void;
  readonly zstdDecompressSync: (bytes: Uint8Array, options: object) => Buffer;
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
}
type Done = (error: Error | null, bytes: Buffer) => void;

type AtOnce = (bytes: Uint8Array, options: object) => Buffer;
type Apart = (bytes: Uint8Array, options: object) => Promise<Buffer>;
type Either = readonly [atOnce: AtOnce, apart: Apart];

/** Below this compressing gains nothing. */
const LEAST_COMPRESSED = 512;
/** Larger than any body that is accepted: a forged length must not make the process allocate without bound. */
const LARGEST_DECOMPRESSED = 256 * 1024 * 1024;
/** Bounds of the pieces in which zlib hands out what it makes; one piece need not be put together. */
const LEAST_PIECE = 16 * 1024;
const LARGEST_PIECE = 512 * 1024;
/** Pages shrink to a fifth or so. */
const LIKELY_RATIO = 8;

class Method {
  constructor(
    readonly kind: number,
    /** Bytes that are worked on at once; more would hold up other requests. */
    private readonly limit: number,
    private readonly options: object,
    private readonly compressor: Either,
    private readonly decompressor: Either,
  ) {}

  compress(bytes: Buffer): Buffer | Promise<Buffer> {
    return this.run(this.compressor, bytes, { ...this.options, chunkSize: pieceFor(bytes.length) });
  }

  decompress(bytes: Buffer): Buffer | Promise<Buffer> {
    const chunkSize = pieceFor(bytes.length * LIKELY_RATIO);
    return this.run(this.decompressor, bytes, { maxOutputLength: LARGEST_DECOMPRESSED, chunkSize });
  }

  private run([atOnce, apart]: Either, bytes: Buffer, options: object): Buffer | Promise<Buffer> {
    return bytes.length <= this.limit ? atOnce(bytes, options) : apart(bytes, options);
  }
}

/** Five times as fast as deflate, and it finds a page's payload in its HTML again, which for deflate is too far away. */
function zstandard(): Method | undefined {
  if (!('zstdCompressSync' in zlib)) return undefined;
  const { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync, constants } =
    zlib as unknown as Zstandard;
  return new Method(
    Compression.ZSTD,
    256 * 1024,
    { params: { [constants.ZSTD_c_compressionLevel]: 1 } },
    [zstdCompressSync, promisify(zstdCompress)],
    [zstdDecompressSync, promisify(zstdDecompress)],
  );
}

const ZSTD = zstandard();
const DEFLATE = new Method(
  Compression.DEFLATE,
  64 * 1024,
  { level: zlib.constants.Z_BEST_SPEED },
  [zlib.deflateRawSync, promisify(zlib.deflateRaw)],
  [zlib.inflateRawSync, promisify(zlib.inflateRaw)],
);

/** Bytes as they are kept: compressed as well as this Node.js can, where that makes them fewer. */
export async function compress(bytes: Buffer): Promise<{ readonly compression: number; readonly bytes: Buffer }> {
  const plain = { compression: Compression.NONE, bytes };
  if (bytes.length < LEAST_COMPRESSED) return plain;
  const method = ZSTD ?? DEFLATE;
  const compressed = await method.compress(bytes);
  return compressed.length < bytes.length ? { compression: method.kind, bytes: compressed } : plain;
}

/** The bytes that were compressed; `undefined` where this Node.js does not know how. */
export async function decompress(compression: number, bytes: Buffer): Promise<Buffer | undefined> {
  if (compression === Compression.NONE) return bytes;
  return [ZSTD, DEFLATE].find((method) => method?.kind === compression)?.decompress(bytes);
}

function pieceFor(length: number): number {
  return Math.min(Math.max(length, LEAST_PIECE), LARGEST_PIECE);
}
