import { createHash } from 'node:crypto';
import { S3Error } from './errors';

/** The algorithms that are verified. The others (`crc32c`, `crc64nvme`) are kept and returned as the client gave them. */
const ALGORITHMS: Record<string, (body: Buffer) => Buffer> = {
  crc32: (body) => crc32(body),
  sha1: (body) => createHash('sha1').update(body).digest(),
  sha256: (body) => createHash('sha256').update(body).digest(),
};

const HEADER = /^x-amz-checksum-(crc32|crc32c|crc64nvme|sha1|sha256)$/;

/** The checksum headers among those of a request and its trailer. */
export function checksumHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HEADER.test(name)));
}

/** Refuses a body that its Content-MD5 or checksum headers do not describe. */
export function verifyBody(body: Buffer, headers: Record<string, string>): void {
  const md5 = headers['content-md5'];
  if (md5 !== undefined && createHash('md5').update(body).digest('base64') !== md5)
    throw S3Error.badDigest('Content-MD5');
  for (const [header, value] of Object.entries(headers)) {
    const compute = ALGORITHMS[HEADER.exec(header)?.[1] ?? ''];
    if (compute && compute(body).toString('base64') !== value) throw S3Error.badDigest(header);
  }
}

export function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

// zlib.crc32 came with Node.js 20.15.
const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(body: Buffer): Buffer {
  let crc = 0xffffffff;
  // eslint-disable-next-line @typescript-eslint/prefer-for-of -- an iterator costs ten times as much
  for (let index = 0; index < body.length; index++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (body[index] ?? 0)) & 0xff] ?? 0);
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE((crc ^ 0xffffffff) >>> 0);
  return digest;
}
