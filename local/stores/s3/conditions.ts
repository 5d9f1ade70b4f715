import type { IncomingHttpHeaders } from 'node:http';
import type { StoredObject } from './buckets';
import { S3Error } from './errors';

/** Refuses a write whose `If-Match` or `If-None-Match` does not hold for the object that is there. */
export function checkWriteConditions(
  headers: IncomingHttpHeaders,
  key: string,
  existing: StoredObject | undefined,
): void {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*')
    throw S3Error.notImplemented('a write with If-None-Match other than "*"');
  if (ifNoneMatch === '*' && existing) throw S3Error.preconditionFailed();
  if (ifMatch === undefined) return;
  if (!existing) throw S3Error.noSuchKey(key);
  if (!matches(ifMatch, existing.etag)) throw S3Error.preconditionFailed();
}

/** What a conditional read comes to: the object, or `304 Not Modified`; throws when a precondition failed. */
export function evaluateReadConditions(headers: IncomingHttpHeaders, object: StoredObject): 'send' | 'not-modified' {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  // An entity tag outranks a date: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) throw S3Error.preconditionFailed();
  } else if (isLater(object, headers['if-unmodified-since'])) {
    throw S3Error.preconditionFailed();
  }
  if (ifNoneMatch !== undefined) return matches(ifNoneMatch, object.etag) ? 'not-modified' : 'send';
  const since = headers['if-modified-since'];
  return since !== undefined && !Number.isNaN(Date.parse(since)) && !isLater(object, since) ? 'not-modified' : 'send';
}

function matches(condition: string, etag: string): boolean {
  const tags = condition.split(',').map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''));
  return tags.includes('*') || tags.includes(etag.replaceAll('"', ''));
}

/** Whether the object changed after the second that an HTTP date names. */
function isLater(object: StoredObject, date: string | undefined): boolean {
  return date !== undefined && Math.floor(object.lastModified / 1000) * 1000 > Date.parse(date);
}
