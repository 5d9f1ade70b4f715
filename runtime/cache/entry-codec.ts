import { createHash, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from 'node:zlib';

import type { CacheControl, CacheValue, Entry, EntryGroup } from './entry';

/**
 * An entry as one object:
 *
 * ```text
 * 4 bytes   "NXE" and the format's version
 * 1 byte    1 when the rest is deflated
 * 16 bytes  first half of the SHA-256 of the rest
 * rest      length of the head (4 bytes), head (JSON), parts (the buffers and long strings that the head refers to)
 * ```
 */
const MAGIC = Buffer.from('NXE\u0001', 'latin1');
const DIGEST_LENGTH = 16;
const PREFIX_LENGTH = MAGIC.length + 1 + DIGEST_LENGTH;
/** Strings from here on become parts: JSON would escape every quote of a page. */
const PART_THRESHOLD = 256;
/** Deflating more than this at once would hold up other requests. */
const SYNCHRONOUS_LIMIT = 64 * 1024;
/** Below this deflating gains nothing. */
const LEAST_DEFLATED = 512;
/** Larger than any body that is accepted: a forged length must not make the process allocate without bound. */
const LARGEST_INFLATED = 256 * 1024 * 1024;

const deflateAsync = promisify(deflateRaw);
const inflateAsync = promisify(inflateRaw);
const DEFLATE = { level: constants.Z_BEST_SPEED };

/** A reference from the head to a part. */
type PartType = 'buffer' | 'utf8' | 'utf16le';
interface PartReference {
  readonly $part: number;
}
interface MapReference {
  readonly $map: readonly [string, Encoded][];
}
type Encoded = unknown;

interface Head {
  readonly group: EntryGroup;
  readonly key: string;
  readonly value: Encoded;
  readonly tags: readonly string[];
  readonly versions: readonly [string, number][];
  readonly horizon: number | null;
  readonly lastModified: number;
  readonly cacheControl?: CacheControl | undefined;
  readonly parts: readonly [PartType, number][];
}

export async function encodeEntry(entry: Entry): Promise<Buffer> {
  const parts: { type: PartType; bytes: Uint8Array }[] = [];
  const value = encodeValue(entry.value, parts);
  const head: Head = {
    group: entry.group,
    key: entry.key,
    value,
    tags: entry.tags,
    versions: [...entry.stamp.versions],
    horizon: Number.isFinite(entry.stamp.horizon) ? entry.stamp.horizon : null,
    lastModified: entry.lastModified,
    cacheControl: entry.cacheControl,
    parts: parts.map((part) => [part.type, part.bytes.byteLength]),
  };
  const headBytes = Buffer.from(JSON.stringify(head), 'utf8');
  const headLength = Buffer.allocUnsafe(4);
  headLength.writeUInt32BE(headBytes.length);
  const plain = Buffer.concat([headLength, headBytes, ...parts.map((part) => part.bytes)]);
  const deflated = entry.group === 'image' || plain.length < LEAST_DEFLATED ? undefined : await deflate(plain);
  const rest = deflated !== undefined && deflated.length < plain.length ? deflated : plain;
  return Buffer.concat([MAGIC, Buffer.from([rest === plain ? 0 : 1]), digestOf(rest), rest]);
}

/** The entry in a stored object, or `undefined` when that is not one of this format, of this key, or not whole. */
export async function decodeEntry(object: Buffer, group: EntryGroup, key: string): Promise<Entry | undefined> {
  try {
    if (object.length < PREFIX_LENGTH || !object.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    const deflated = object[MAGIC.length];
    const rest = object.subarray(PREFIX_LENGTH);
    if (!timingSafeEqual(digestOf(rest), object.subarray(MAGIC.length + 1, PREFIX_LENGTH))) return undefined;
    if (deflated !== 0 && deflated !== 1) return undefined;
    return decodePlain(deflated === 1 ? await inflate(rest) : rest, group, key);
  } catch {
    // What cannot be read is a miss: the key is rendered again and the object replaced.
    return undefined;
  }
}

function decodePlain(plain: Buffer, group: EntryGroup, key: string): Entry | undefined {
  const headLength = plain.readUInt32BE(0);
  const head = JSON.parse(plain.toString('utf8', 4, 4 + headLength)) as Head;
  if (head.key !== key || head.group !== group) return undefined;
  let offset = 4 + headLength;
  const parts = head.parts.map(([type, length]): string | Buffer => {
    const bytes = plain.subarray(offset, offset + length);
    if (bytes.length !== length) throw new Error('cdk-nextjs-ecs cache: an entry ends before its last part');
    offset += length;
    return type === 'buffer' ? ownCopy(bytes) : bytes.toString(type);
  });
  const value = decodeValue(head.value, parts);
  return {
    group,
    key,
    value: value as CacheValue | null,
    tags: head.tags,
    stamp: { versions: new Map(head.versions), horizon: head.horizon ?? Number.NEGATIVE_INFINITY },
    lastModified: head.lastModified,
    cacheControl: head.cacheControl,
  };
}

/** A view would keep the whole object in memory as long as one of its parts, and a copy out of Node's pool a slab of up to 64 KB. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

function encodeValue(value: unknown, parts: { type: PartType; bytes: Uint8Array }[]): Encoded {
  const part = (type: PartType, bytes: Uint8Array): PartReference => ({ $part: parts.push({ type, bytes }) - 1 });
  if (typeof value === 'string') {
    if (!isWellFormed(value)) return part('utf16le', Buffer.from(value, 'utf16le'));
    return value.length < PART_THRESHOLD ? value : part('utf8', Buffer.from(value, 'utf8'));
  }
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value))
    return part('buffer', new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (value instanceof ArrayBuffer) return part('buffer', new Uint8Array(value));
  if (value instanceof Map) {
    const items = [...(value as Map<unknown, unknown>)];
    return { $map: items.map(([name, item]) => [String(name), encodeValue(item, parts)]) } satisfies MapReference;
  }
  if (Array.isArray(value)) return value.map((item) => encodeValue(item, parts));
  if ('toJSON' in value && typeof value.toJSON === 'function') return value;
  const entries = Object.entries(value).map(([name, item]): [string, Encoded] => [
    escape(name),
    encodeValue(item, parts),
  ]);
  return Object.fromEntries(entries);
}

function decodeValue(encoded: Encoded, parts: readonly (string | Buffer)[]): unknown {
  if (typeof encoded !== 'object' || encoded === null) return encoded;
  if (Array.isArray(encoded)) return encoded.map((item) => decodeValue(item, parts));
  if ('$part' in encoded) return parts[encoded.$part as number];
  if ('$map' in encoded) {
    const items = encoded.$map as MapReference['$map'];
    return new Map(items.map(([name, item]) => [name, decodeValue(item, parts)]));
  }
  return Object.fromEntries(Object.entries(encoded).map(([name, item]) => [unescape(name), decodeValue(item, parts)]));
}

/** The app's own data may hold properties that look like references. */
function escape(name: string): string {
  return name.startsWith('$') ? `$${name}` : name;
}

function unescape(name: string): string {
  return name.startsWith('$$') ? name.slice(1) : name;
}

/** A lone surrogate has no UTF-8: it would come back as U+FFFD. */
function isWellFormed(text: string): boolean {
  return (text as string & { isWellFormed(): boolean }).isWellFormed();
}

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, DIGEST_LENGTH);
}

async function deflate(bytes: Buffer): Promise<Buffer> {
  return bytes.length <= SYNCHRONOUS_LIMIT ? deflateRawSync(bytes, DEFLATE) : deflateAsync(bytes, DEFLATE);
}

async function inflate(bytes: Buffer): Promise<Buffer> {
  const options = { maxOutputLength: LARGEST_INFLATED };
  return bytes.length <= SYNCHRONOUS_LIMIT ? inflateRawSync(bytes, options) : inflateAsync(bytes, options);
}
