import { createHash, timingSafeEqual } from 'node:crypto';

import { compress, Compression, decompress } from './compression';
import type { CacheControl, CacheValue, Entry, EntryGroup } from './entry';

/**
 * An entry as one object:
 *
 * ```text
 * 4 bytes   "NXE" and the format's version
 * 1 byte    how the rest is compressed
 * 16 bytes  first half of the SHA-256 of the rest
 * rest      length of the head (4 bytes), head (JSON), parts (the buffers and long strings that the head refers to)
 * ```
 */
const MAGIC = Buffer.from('NXE\u0001', 'latin1');
const DIGEST_LENGTH = 16;
const PREFIX_LENGTH = MAGIC.length + 1 + DIGEST_LENGTH;
/** Where the head begins in the rest. */
const HEAD_AT = 4;
/** Strings from here on become parts: JSON would escape every quote of a page. */
const PART_THRESHOLD = 256;

/** A buffer or a long string, kept beside the head; `length` is the bytes that it takes. */
type Part =
  | { readonly type: 'buffer'; readonly content: Uint8Array; readonly length: number }
  | { readonly type: 'utf8' | 'utf16le'; readonly content: string; readonly length: number };
/** A reference from the head to a part. */
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
  readonly parts: readonly [Part['type'], number][];
}

export async function encodeEntry(entry: Entry): Promise<Buffer> {
  const parts: Part[] = [];
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
    parts: parts.map((part) => [part.type, part.length]),
  };
  const plain = assemble(JSON.stringify(head), parts);
  // Images are compressed by themselves.
  const uncompressed = { compression: Compression.NONE, bytes: plain };
  const { compression, bytes } = entry.group === 'image' ? uncompressed : await compress(plain);
  return Buffer.concat([MAGIC, Buffer.from([compression]), digestOf(bytes), bytes]);
}

/** What is compressed: everything written in its place once, for pages are long. */
function assemble(head: string, parts: readonly Part[]): Buffer {
  const headLength = Buffer.byteLength(head);
  const plain = Buffer.allocUnsafe(parts.reduce((sum, { length }) => sum + length, HEAD_AT + headLength));
  plain.writeUInt32BE(headLength);
  plain.write(head, HEAD_AT, 'utf8');
  let offset = HEAD_AT + headLength;
  for (const part of parts) {
    if (part.type === 'buffer') plain.set(part.content, offset);
    else plain.write(part.content, offset, part.type);
    offset += part.length;
  }
  return plain;
}

/** The entry in a stored object, or `undefined` when that is not one of this format, of this key, or not whole. */
export async function decodeEntry(object: Buffer, group: EntryGroup, key: string): Promise<Entry | undefined> {
  try {
    if (object.length < PREFIX_LENGTH || !object.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    const rest = object.subarray(PREFIX_LENGTH);
    if (!timingSafeEqual(digestOf(rest), object.subarray(MAGIC.length + 1, PREFIX_LENGTH))) return undefined;
    const plain = await decompress(object[MAGIC.length] ?? Compression.NONE, rest);
    return plain === undefined ? undefined : decodePlain(plain, group, key);
  } catch {
    // What cannot be read is a miss: the key is rendered again and the object replaced.
    return undefined;
  }
}

function decodePlain(plain: Buffer, group: EntryGroup, key: string): Entry | undefined {
  const headLength = plain.readUInt32BE(0);
  const head = JSON.parse(plain.toString('utf8', HEAD_AT, HEAD_AT + headLength)) as Head;
  if (head.key !== key || head.group !== group) return undefined;
  let offset = HEAD_AT + headLength;
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

function encodeValue(value: unknown, parts: Part[]): Encoded {
  if (typeof value === 'string') {
    if (!isWellFormed(value)) return add(parts, { type: 'utf16le', content: value, length: 2 * value.length });
    if (value.length < PART_THRESHOLD) return value;
    return add(parts, { type: 'utf8', content: value, length: Buffer.byteLength(value) });
  }
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value)) {
    return addBytes(parts, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
  if (value instanceof ArrayBuffer) return addBytes(parts, new Uint8Array(value));
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

function add(parts: Part[], part: Part): PartReference {
  return { $part: parts.push(part) - 1 };
}

/** Next gives the payload of a page twice, as a whole and as the segment of a full prefetch: once will do. */
function addBytes(parts: Part[], content: Uint8Array): PartReference {
  const length = content.byteLength;
  const same = parts.findIndex((known) => {
    return known.type === 'buffer' && known.length === length && Buffer.compare(known.content, content) === 0;
  });
  return same < 0 ? add(parts, { type: 'buffer', content, length }) : { $part: same };
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
