import type { IncomingMessage } from 'node:http';
import { S3Error } from './errors';

/** Which operation a path-style request asks for, on what. */
export interface S3Operation {
  readonly name: string;
  /** Empty for operations of the account. */
  readonly bucket: string;
  /** Empty for operations of the account or of a bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
}

/** Parameters of a query that name another operation than the method alone does (`?acl`, `?uploads`, …). */
const SUBRESOURCES = [
  'acl',
  'attributes',
  'cors',
  'encryption',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'notification',
  'object-lock',
  'ownershipControls',
  'partNumber',
  'policy',
  'publicAccessBlock',
  'replication',
  'restore',
  'retention',
  'select',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versioning',
  'versionId',
  'versions',
  'website',
];

const BUCKET_OPERATIONS: Record<string, string> = { HEAD: 'HeadBucket', PUT: 'CreateBucket', DELETE: 'DeleteBucket' };
const OBJECT_OPERATIONS: Record<string, string> = { GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' };

export function parseOperation(request: IncomingMessage): S3Operation {
  // Not with URL, which would resolve "." and ".." inside keys.
  const [path = '', search = ''] = splitOnce(request.url ?? '/', '?');
  const [bucket = '', key = ''] = splitOnce(path.slice(1), '/').map(decode);
  const query = new URLSearchParams(search);
  return { name: operationName(request, bucket, key, query), bucket, key, query };
}

function operationName(request: IncomingMessage, bucket: string, key: string, query: URLSearchParams): string {
  const method = request.method ?? '';
  const subresource = SUBRESOURCES.find((name) => query.has(name));
  if (subresource === 'location' && method === 'GET') return 'GetBucketLocation';
  if (subresource) return `${method} ?${subresource}`;
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : method;
  if (key === '') return bucketOperationName(method, query);
  if (method === 'PUT') return request.headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
  return OBJECT_OPERATIONS[method] ?? `${method} of an object`;
}

function bucketOperationName(method: string, query: URLSearchParams): string {
  if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
  if (method === 'GET') return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  return BUCKET_OPERATIONS[method] ?? `${method} of a bucket`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
}

export function splitOnce(text: string, separator: string): string[] {
  const position = text.indexOf(separator);
  return position < 0 ? [text] : [text.slice(0, position), text.slice(position + separator.length)];
}
