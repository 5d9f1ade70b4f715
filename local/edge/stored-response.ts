import { randomBytes } from 'node:crypto';

import { contentRange, multipartBody, readByteRanges } from './byte-ranges';
import type { HeaderFields } from './header-fields';

/** What of a whole, stored body a viewer gets after its conditions and range. */
export interface Selected {
  readonly status: number;
  readonly headers: HeaderFields;
  readonly body: Buffer | undefined;
}

/** Answers `If-None-Match`, `If-Modified-Since` and `Range` from a stored 200 response, changing the headers given. */
export function selectStored(request: HeaderFields, headers: HeaderFields, body: Buffer, method: string): Selected {
  if (isNotModified(request, headers)) {
    return {
      status: 304,
      headers: headers.retain((name) => !/^content-(?!location$|security-policy)/.test(name)),
      body: undefined,
    };
  }
  const range = request.get('range');
  if (range === undefined || method !== 'GET' || !rangeApplies(request.get('if-range'), headers))
    return { status: 200, headers, body };
  return selectRange(range, headers, body);
}

function isNotModified(request: HeaderFields, headers: HeaderFields): boolean {
  const noneMatch = request.get('if-none-match');
  const etag = headers.get('etag');
  // Without an ETag CloudFront ignores the viewer's condition on it.
  if (noneMatch !== undefined && etag !== undefined) {
    return noneMatch.trim() === '*' || noneMatch.split(',').some((tag) => weak(tag) === weak(etag));
  }
  const since = Date.parse(request.get('if-modified-since') ?? '');
  const modified = Date.parse(headers.get('last-modified') ?? '');
  return noneMatch === undefined && modified <= since;
}

function weak(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}

function rangeApplies(ifRange: string | undefined, headers: HeaderFields): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === headers.get('etag');
  return ifRange === headers.get('last-modified');
}

function selectRange(range: string, headers: HeaderFields, body: Buffer): Selected {
  const ranges = readByteRanges(range, body.length);
  if (ranges === undefined) return { status: 200, headers, body };
  const [only] = ranges;
  if (only === undefined) {
    headers
      .set('content-range', `bytes */${String(body.length)}`)
      .delete('content-length')
      .delete('content-encoding');
    return { status: 416, headers, body: Buffer.alloc(0) };
  }
  if (ranges.length > 1) {
    const boundary = randomBytes(12).toString('hex');
    const parts = multipartBody(body, ranges, { boundary, type: headers.get('content-type') });
    headers.set('content-type', `multipart/byteranges; boundary=${boundary}`);
    return { status: 206, headers, body: parts };
  }
  headers.set('content-range', contentRange(only, body.length));
  return { status: 206, headers, body: body.subarray(only.start, only.end + 1) };
}
