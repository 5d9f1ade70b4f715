import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { constants, createBrotliCompress, createGzip } from 'node:zlib';

import type { AcceptEncoding } from './cache-key';
import type { HeaderFields } from './header-fields';

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html#compressed-content-cloudfront-file-types */
const COMPRESSED_TYPES = new Set(
  `application/dash+xml application/eot application/font application/font-sfnt application/javascript application/json
  application/opentype application/otf application/pdf application/pkcs7-mime application/protobuf application/rss+xml application/truetype
  application/ttf application/vnd.apple.mpegurl application/vnd.mapbox-vector-tile application/vnd.ms-fontobject application/wasm
  application/xhtml+xml application/xml application/x-font-opentype application/x-font-truetype application/x-font-ttf
  application/x-httpd-cgi application/x-javascript application/x-mpegurl application/x-opentype application/x-otf application/x-perl
  application/x-ttf font/eot font/opentype font/otf font/ttf image/svg+xml text/css text/csv text/html text/javascript text/js text/plain
  text/richtext text/tab-separated-values text/xml text/x-component text/x-java-source text/x-script vnd.apple.mpegurl`.split(
    /\s+/,
  ),
);

const MIN_BYTES = 1_000;
const MAX_BYTES = 10_000_000;
const COMPRESSED_STATUSES = new Set([200, 403, 404]);

/** Fast enough to be unnoticed, as an edge location's is. */
const BROTLI_QUALITY = 4;
const GZIP_LEVEL = 6;

/** Whether CloudFront compresses the response: above all, only when its length is known, so never a stream. */
export function isCompressible(status: number, headers: HeaderFields): boolean {
  const length = Number(headers.get('content-length') ?? NaN);
  const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return (
    COMPRESSED_STATUSES.has(status) &&
    length >= MIN_BYTES &&
    length <= MAX_BYTES &&
    COMPRESSED_TYPES.has(type) &&
    !headers.has('content-encoding')
  );
}

/** Changes the headers to those of the compressed response and answers its body. Brotli goes before gzip. */
export function compress(body: Readable, headers: HeaderFields, encoding: AcceptEncoding): Readable {
  headers
    .delete('content-length')
    .delete('accept-ranges')
    .set('content-encoding', encoding.brotli ? 'br' : 'gzip');
  weakenEntityTag(headers);
  const vary = headers.get('vary');
  if (!/\baccept-encoding\b/i.test(vary ?? ''))
    headers.set('vary', vary === undefined ? 'Accept-Encoding' : `${vary}, Accept-Encoding`);
  const compressor = encoding.brotli
    ? createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } })
    : createGzip({ level: GZIP_LEVEL });
  // A failure is seen by whoever reads the compressed body.
  return pipeline(body, compressor, () => undefined);
}

/** A strong tag becomes weak, a weak one stays, and one that is neither goes. */
function weakenEntityTag(headers: HeaderFields): void {
  const tag = headers.get('etag');
  if (tag === undefined || tag.startsWith('W/')) return;
  if (tag.startsWith('"')) headers.set('etag', `W/${tag}`);
  else headers.delete('etag');
}
