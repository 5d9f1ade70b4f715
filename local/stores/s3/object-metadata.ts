import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { S3Error } from './errors';
import { storedContentEncoding } from './request-body';

/** Headers of a write that S3 keeps and returns with every read. */
const SYSTEM_METADATA = ['cache-control', 'content-disposition', 'content-language', 'content-type', 'expires'];
const USER_METADATA_PREFIX = 'x-amz-meta-';
const MAX_USER_METADATA_BYTES = 2048;
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';

/** Query parameters of a read by which a header of the answer is replaced. */
const OVERRIDES: Record<string, string> = {
  'response-cache-control': 'cache-control',
  'response-content-disposition': 'content-disposition',
  'response-content-encoding': 'content-encoding',
  'response-content-language': 'content-language',
  'response-content-type': 'content-type',
  'response-expires': 'expires',
};

/** The headers of a PUT that are stored with the object. */
export function metadataOf(request: IncomingMessage): Record<string, string> {
  const headers = flatten(request.headers);
  const kept = Object.entries(headers).filter(
    ([name]) => SYSTEM_METADATA.includes(name) || name.startsWith(USER_METADATA_PREFIX),
  );
  checkUserMetadata(kept);
  const encoding = storedContentEncoding(request);
  return {
    'content-type': DEFAULT_CONTENT_TYPE,
    ...Object.fromEntries(kept),
    ...(encoding !== undefined && { 'content-encoding': encoding }),
  };
}

/** An object's stored headers with what the query of a read replaces. */
export function responseMetadata(stored: Record<string, string>, query: URLSearchParams): Record<string, string> {
  const replaced = Object.entries(OVERRIDES).flatMap(([parameter, header]) => {
    const value = query.get(parameter);
    return value === null ? [] : [[header, value] as const];
  });
  return { ...stored, ...Object.fromEntries(replaced) };
}

/** Node's headers with one string a name. */
export function flatten(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : value] as const],
    ),
  );
}

function checkUserMetadata(headers: [string, string][]): void {
  const size = headers
    .filter(([name]) => name.startsWith(USER_METADATA_PREFIX))
    .reduce((sum, [name, value]) => sum + name.length - USER_METADATA_PREFIX.length + Buffer.byteLength(value), 0);
  if (size > MAX_USER_METADATA_BYTES) {
    throw new S3Error(400, 'MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size');
  }
}
