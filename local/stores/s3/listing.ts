import { compareUtf8 } from '../utf8';
import type { Buckets } from './buckets';
import { S3Error } from './errors';
import { xmlDocument } from './xml';

const MAX_KEYS = 1000;

/** `ListObjectsV2`: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export function listObjectsV2(buckets: Buckets, bucket: string, query: URLSearchParams): string {
  const request = parseListing(query);
  const page = collectPage(buckets.keys(bucket), request);
  const encode = (text: string) => (request.urlEncoded ? encodeURIComponent(text).replaceAll('%2F', '/') : text);
  return xmlDocument('ListBucketResult', {
    Name: bucket,
    Prefix: encode(request.prefix),
    Delimiter: request.delimiter && encode(request.delimiter),
    MaxKeys: request.maxKeys,
    EncodingType: request.urlEncoded ? 'url' : undefined,
    KeyCount: page.keys.length + page.commonPrefixes.length,
    IsTruncated: page.next !== undefined,
    ContinuationToken: query.get('continuation-token') ?? undefined,
    NextContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
    StartAfter: query.has('start-after') ? encode(query.get('start-after') ?? '') : undefined,
    Contents: page.keys.map((key) => {
      const object = buckets.get(bucket, key);
      return {
        Key: encode(key),
        LastModified: new Date(object.lastModified).toISOString(),
        ETag: object.etag,
        Size: object.body.length,
        StorageClass: 'STANDARD',
      };
    }),
    CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: encode(prefix) })),
  });
}

interface Listing {
  readonly prefix: string;
  readonly delimiter: string | undefined;
  readonly maxKeys: number;
  /** Keys up to this one are left out. */
  readonly after: string;
  /** The common prefix that the page before ended with. */
  readonly lastCommonPrefix: string | undefined;
  readonly urlEncoded: boolean;
}

function parseListing(query: URLSearchParams): Listing {
  const maxKeys = query.get('max-keys') ?? String(MAX_KEYS);
  if (!/^\d+$/.test(maxKeys))
    throw S3Error.invalidArgument(`max-keys: must be a whole number from 0; received ${maxKeys}`);
  const token = query.get('continuation-token');
  const position = token === null ? undefined : decodeToken(token);
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? undefined,
    maxKeys: Math.min(Number(maxKeys), MAX_KEYS),
    after: position ?? query.get('start-after') ?? '',
    lastCommonPrefix: position,
    urlEncoded: query.get('encoding-type') === 'url',
  };
}

interface Page {
  readonly keys: string[];
  readonly commonPrefixes: string[];
  /** Where the next page goes on; undefined on the last page. */
  readonly next: string | undefined;
}

function collectPage(keys: readonly string[], { prefix, delimiter, maxKeys, after, lastCommonPrefix }: Listing): Page {
  const page: Page = { keys: [], commonPrefixes: [], next: undefined };
  let last = lastCommonPrefix;
  for (const key of keys) {
    if (!key.startsWith(prefix) || (after !== '' && compareUtf8(key, after) <= 0)) continue;
    const cut = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
    const common = delimiter && cut >= 0 ? key.slice(0, cut + delimiter.length) : undefined;
    if (common !== undefined && common === last) continue;
    if (page.keys.length + page.commonPrefixes.length === maxKeys)
      return { ...page, next: maxKeys === 0 ? undefined : last };
    if (common === undefined) page.keys.push(key);
    else page.commonPrefixes.push(common);
    last = common ?? key;
  }
  return page;
}

function encodeToken(position: string): string {
  return Buffer.from(position).toString('base64url');
}

function decodeToken(token: string): string {
  const position = Buffer.from(token, 'base64url').toString();
  if (position === '' || encodeToken(position) !== token)
    throw S3Error.invalidArgument('The continuation token provided is incorrect');
  return position;
}
