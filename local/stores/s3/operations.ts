import { XMLParser } from 'fast-xml-parser';
import type { IncomingMessage } from 'node:http';
import type { ServiceAnswer } from '../service-endpoint';
import type { Buckets, StoredObject } from './buckets';
import { checksumHeaders, etagOf, verifyBody } from './checksums';
import { checkWriteConditions, evaluateReadConditions } from './conditions';
import { S3Error } from './errors';
import { listObjectsV2 } from './listing';
import { flatten, metadataOf, responseMetadata } from './object-metadata';
import { splitOnce, type S3Operation } from './operation';
import { parseRange } from './range';
import { readBody } from './request-body';
import { xmlDocument, type XmlElements } from './xml';

export interface OperationContext {
  readonly buckets: Buckets;
  readonly operation: S3Operation;
  readonly request: IncomingMessage;
  readonly region: string;
  /** The server's clock, in milliseconds since the epoch. */
  readonly now: () => number;
}

type Operation = (context: OperationContext) => ServiceAnswer | Promise<ServiceAnswer>;

/** The operations by their names in S3's API. */
export const OPERATIONS: Record<string, Operation> = {
  ListBuckets: ({ buckets }) =>
    xml('ListAllMyBucketsResult', { Buckets: { Bucket: buckets.names().map((Name) => ({ Name })) } }),
  CreateBucket: createBucket,
  DeleteBucket: ({ buckets, operation }) => {
    buckets.delete(operation.bucket);
    return { statusCode: 204 };
  },
  HeadBucket: ({ buckets, operation, region }) => {
    buckets.assertExists(operation.bucket);
    return { statusCode: 200, headers: { 'x-amz-bucket-region': region } };
  },
  GetBucketLocation: ({ buckets, operation, region }) => {
    buckets.assertExists(operation.bucket);
    return xml('LocationConstraint', {}, region);
  },
  ListObjectsV2: ({ buckets, operation }) => xmlAnswer(listObjectsV2(buckets, operation.bucket, operation.query)),
  GetObject: getObject,
  HeadObject: getObject,
  PutObject: putObject,
  CopyObject: copyObject,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
};

/** Operations that an unsigned request may ask for. */
export const ANONYMOUS_OPERATIONS = new Set(['GetObject', 'HeadObject']);

function createBucket({ buckets, operation }: OperationContext): ServiceAnswer {
  buckets.create(operation.bucket);
  return { statusCode: 200, headers: { location: `/${operation.bucket}` } };
}

function getObject({ buckets, operation, request }: OperationContext): ServiceAnswer {
  const object = buckets.get(operation.bucket, operation.key);
  const headers = objectHeaders(object, operation.query);
  if (evaluateReadConditions(request.headers, object) === 'not-modified') return { statusCode: 304, headers };
  const range = parseRange(request.headers.range, object.body.length);
  if (range) {
    const contentRange = `bytes ${String(range.start)}-${String(range.end)}/${String(object.body.length)}`;
    return {
      statusCode: 206,
      headers: { ...headers, 'content-range': contentRange },
      body: object.body.subarray(range.start, range.end + 1),
    };
  }
  const wantsChecksum = request.headers['x-amz-checksum-mode'] === 'ENABLED';
  return { statusCode: 200, headers: { ...headers, ...(wantsChecksum && object.checksums) }, body: object.body };
}

function objectHeaders(object: StoredObject, query: URLSearchParams): Record<string, string> {
  return {
    ...responseMetadata(object.headers, query),
    'accept-ranges': 'bytes',
    etag: object.etag,
    'last-modified': new Date(object.lastModified).toUTCString(),
  };
}

async function putObject({ buckets, operation, request, now }: OperationContext): Promise<ServiceAnswer> {
  const { content, trailer } = await readBody(request);
  const headers = { ...flatten(request.headers), ...trailer };
  verifyBody(content, headers);
  // From here on nothing waits: the conditions and the write are one step.
  checkWriteConditions(request.headers, operation.key, buckets.tryGet(operation.bucket, operation.key));
  const checksums = checksumHeaders(headers);
  const object = { body: content, etag: etagOf(content), lastModified: now(), headers: metadataOf(request), checksums };
  buckets.put(operation.bucket, operation.key, object);
  return { statusCode: 200, headers: { etag: object.etag, ...checksums } };
}

function copyObject({ buckets, operation, request, now }: OperationContext): ServiceAnswer {
  const source = copySource(flatten(request.headers)['x-amz-copy-source'] ?? '');
  const original = buckets.get(source.bucket, source.key);
  checkWriteConditions(request.headers, operation.key, buckets.tryGet(operation.bucket, operation.key));
  const replaces = request.headers['x-amz-metadata-directive'] === 'REPLACE';
  const copy = { ...original, lastModified: now(), headers: replaces ? metadataOf(request) : original.headers };
  buckets.put(operation.bucket, operation.key, copy);
  return xml('CopyObjectResult', { ETag: copy.etag, LastModified: new Date(copy.lastModified).toISOString() });
}

function copySource(header: string): { bucket: string; key: string } {
  const [path = '', query] = splitOnce(header.replace(/^\//, ''), '?');
  if (query !== undefined) throw S3Error.notImplemented('a copy of a version');
  const [bucket = '', key = ''] = splitOnce(decodeURIComponent(path), '/');
  if (bucket === '' || key === '')
    throw S3Error.invalidArgument('Copy Source must mention the source bucket and key: sourcebucket/sourcekey');
  return { bucket, key };
}

function deleteObject({ buckets, operation, request }: OperationContext): ServiceAnswer {
  const existing = buckets.tryGet(operation.bucket, operation.key);
  if (request.headers['if-match'] !== undefined) checkWriteConditions(request.headers, operation.key, existing);
  buckets.remove(operation.bucket, operation.key);
  return { statusCode: 204 };
}

async function deleteObjects({ buckets, operation, request }: OperationContext): Promise<ServiceAnswer> {
  const { content, trailer } = await readBody(request);
  verifyBody(content, { ...flatten(request.headers), ...trailer });
  const { keys, quiet } = parseDelete(content.toString());
  buckets.assertExists(operation.bucket);
  for (const key of keys) buckets.remove(operation.bucket, key);
  return xml('DeleteResult', { Deleted: quiet ? [] : keys.map((Key) => ({ Key })) });
}

const deleteParser = new XMLParser({
  parseTagValue: false,
  trimValues: false,
  isArray: (name) => name === 'Object',
  processEntities: true,
  htmlEntities: true,
});

interface DeleteDocument {
  readonly Delete?: { readonly Object?: readonly { readonly Key?: string }[]; readonly Quiet?: string };
}

function parseDelete(text: string): { keys: string[]; quiet: boolean } {
  const { Delete: request } = deleteParser.parse(text) as DeleteDocument;
  const keys = (request?.Object ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
  if (keys.length === 0 || keys.length > 1000) throw S3Error.malformedXml();
  return { keys, quiet: request?.Quiet === 'true' };
}

function xml(root: string, content: XmlElements, text = ''): ServiceAnswer {
  return xmlAnswer(xmlDocument(root, content).replace(`></${root}>`, `>${text}</${root}>`));
}

export function xmlAnswer(body: string, statusCode = 200): ServiceAnswer {
  return { statusCode, headers: { 'content-type': 'application/xml' }, body };
}
