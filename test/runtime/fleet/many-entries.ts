import type { BundleFacts } from '../../../contract';
import type { Entry } from '../../../runtime/cache/entry';
import { decompress } from '../../../runtime/cache/compression';
import { decodeEntry, encodeEntry } from '../../../runtime/cache/entry-codec';
import { EntryKeys } from '../../../runtime/cache/entry-key';
import { BUCKET, SITE, type Stores } from '../server/stores';

/** Where an object says how it is compressed, and where its content begins. */
const COMPRESSION_AT = 4;
const CONTENT_AT = 21;

/**
 * Makes entries out of one that a replica has rendered and written, each with a name in place of the original's, as if as many pages
 * had been asked for. Of the entry's own tags they carry those of the original, so that its tags are theirs.
 */
export async function multiplyEntry(
  stores: Stores,
  { namespace }: BundleFacts,
  objectKey: string,
  name: string,
  names: readonly string[],
): Promise<void> {
  const body = stores.s3.tryGetObject(BUCKET, objectKey)?.body;
  const entry = body && (await decodeEntry(body, 'response', await keyOf(body)));
  if (entry === undefined) throw new Error(`test/runtime/fleet: no entry under ${objectKey}`);
  const keys = new EntryKeys(SITE, namespace, false);
  for (const other of names) {
    const copy = renamed(entry, name, other) as Entry;
    stores.s3.putObject(BUCKET, keys.objectKey('response', copy.key), { body: await encodeEntry(copy) });
  }
}

/** Next's key of a stored entry; see runtime/cache/entry-codec.ts. */
async function keyOf(body: Buffer): Promise<string> {
  const plain = await decompress(body[COMPRESSION_AT] ?? 0, body.subarray(CONTENT_AT));
  if (plain === undefined)
    throw new Error('test/runtime/fleet: the entry is compressed in a way that this Node.js does not know');
  const head = JSON.parse(plain.toString('utf8', 4, 4 + plain.readUInt32BE(0))) as { key: string };
  return head.key;
}

function renamed(value: unknown, name: string, other: string): unknown {
  if (typeof value === 'string') return value.replaceAll(name, other);
  if (Buffer.isBuffer(value)) return Buffer.from(value.toString('latin1').replaceAll(name, other), 'latin1');
  if (Array.isArray(value)) return value.map((item) => renamed(item, name, other));
  if (value instanceof Map) {
    return new Map([...value].map(([key, item]) => [renamed(key, name, other), renamed(item, name, other)]));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renamed(item, name, other)]));
}
