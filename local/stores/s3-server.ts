import type { IncomingMessage, ServerResponse } from 'node:http';
import { LoopbackServer } from './loopback-server';
import { BucketDirectory } from './s3/bucket-directory';
import { Buckets, type StoredObject } from './s3/buckets';
import { etagOf } from './s3/checksums';
import { S3Error } from './s3/errors';
import { parseOperation, type S3Operation } from './s3/operation';
import { ANONYMOUS_OPERATIONS, OPERATIONS, xmlAnswer } from './s3/operations';
import { xmlDocument } from './s3/xml';
import { sendAnswer, ServiceEndpoint, signerOf, type ServiceAnswer, type ServiceOptions } from './service-endpoint';

export interface S3ServerOptions extends ServiceOptions {
  /** Region that the server names. @default 'us-east-1' */
  readonly region?: string;
  /** Bound of all objects' contents together; a write beyond it is refused. @default 2 GiB */
  readonly maxBytes?: number;
  /** Folder in which objects outlive the server; a bucket's come back when it is made again. @default - none: they are in memory only */
  readonly dataDirectory?: string;
  /** The clock that stamps objects, in milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

/** An object that is put without a request. */
export interface NewObject {
  readonly body: Buffer;
  /** Headers that a read returns, by lower-case name: `content-type`, `cache-control`, `x-amz-meta-…`. */
  readonly headers?: Record<string, string>;
}

const READS = new Set(['GetObject', 'HeadObject']);

const DEFAULT_MAX_BYTES = 2 * 1024 ** 3;

/**
 * S3 on loopback, path-style, in memory.
 *
 * Reads need no signature, for the edge reads its origins unsigned; all other operations do. Signatures are not verified, and policies
 * are not evaluated. Conditional writes are atomic. Not implemented, and answered with 501: multipart uploads, versions and every
 * other subresource.
 */
export class S3Server {
  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    const service = new S3Service(options);
    const server = await LoopbackServer.start((request, response) => service.handle(request, response));
    return new S3Server(server, service);
  }

  private constructor(
    private readonly server: LoopbackServer,
    private readonly service: S3Service,
  ) {}

  /** For `AWS_ENDPOINT_URL_S3`, for example `http://127.0.0.1:40123`. */
  get endpoint(): string {
    return this.server.endpoint;
  }

  /** Where every call passes; its interceptor can be replaced at any time. */
  get calls(): ServiceEndpoint {
    return this.service.endpoint;
  }

  /** Makes a bucket, unless there is one of that name. */
  createBucket(name: string): void {
    this.service.buckets.create(name);
  }

  bucketNames(): string[] {
    return this.service.buckets.names();
  }

  /** Puts an object without a call that would be counted. */
  putObject(bucket: string, key: string, { body, headers = {} }: NewObject): void {
    this.service.put(bucket, key, {
      body,
      etag: etagOf(body),
      lastModified: this.service.now(),
      headers,
      checksums: {},
    });
  }

  /** Lets an object be made when it is first read; it is neither listed before nor kept in the data directory. */
  provideObject(bucket: string, key: string, read: () => Promise<Buffer>): void {
    this.service.provide(bucket, key, read);
  }

  tryGetObject(bucket: string, key: string): StoredObject | undefined {
    return this.service.buckets.tryGet(bucket, key);
  }

  deleteObject(bucket: string, key: string): void {
    this.service.buckets.remove(bucket, key);
  }

  /** The bucket's keys in the order of their UTF-8 bytes. */
  keys(bucket: string): readonly string[] {
    return this.service.buckets.keys(bucket);
  }

  async close(): Promise<void> {
    await this.server.close();
  }
}

class S3Service {
  readonly buckets: Buckets;
  readonly endpoint: ServiceEndpoint;
  readonly now: () => number;
  private readonly region: string;
  private readonly provided = new Map<string, () => Promise<void>>();

  constructor(options: S3ServerOptions) {
    const directory = options.dataDirectory === undefined ? undefined : new BucketDirectory(options.dataDirectory);
    this.buckets = new Buckets(options.maxBytes ?? DEFAULT_MAX_BYTES, directory);
    this.endpoint = new ServiceEndpoint(options, formatError);
    this.now = options.now ?? Date.now;
    this.region = options.region ?? 'us-east-1';
  }

  put(bucket: string, key: string, object: StoredObject): void {
    this.buckets.put(bucket, key, object);
  }

  provide(bucket: string, key: string, read: () => Promise<Buffer>): void {
    let made: Promise<void> | undefined;
    const make = async () => {
      this.hold(bucket, key, await read());
    };
    this.provided.set(`${bucket}/${key}`, () => (made ??= make()));
  }

  private hold(bucket: string, key: string, body: Buffer): void {
    const headers = { 'content-type': 'binary/octet-stream' };
    this.buckets.hold(bucket, key, { body, etag: etagOf(body), lastModified: this.now(), headers, checksums: {} });
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = tryParseOperation(request);
    if (operation instanceof S3Error) {
      const { statusCode, code, message } = operation;
      sendAnswer(request, response, formatError(statusCode, code, message));
      return;
    }
    const call = {
      service: 's3',
      operation: operation.name,
      ...(operation.bucket !== '' && { resource: operation.bucket }),
      ...(operation.key !== '' && { key: operation.key }),
      ...signer(request),
    } as const;
    await this.endpoint.answer(call, request, response, () => this.perform(operation, request, 'accessKeyId' in call));
  }

  private async perform(operation: S3Operation, request: IncomingMessage, signed: boolean): Promise<ServiceAnswer> {
    try {
      if (!signed && !ANONYMOUS_OPERATIONS.has(operation.name)) throw S3Error.accessDenied();
      const perform = OPERATIONS[operation.name];
      if (!perform) throw S3Error.notImplemented(operation.name);
      if (READS.has(operation.name)) await this.provided.get(`${operation.bucket}/${operation.key}`)?.();
      return await perform({ buckets: this.buckets, operation, request, region: this.region, now: this.now });
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      return formatError(error.statusCode, error.code, error.message);
    }
  }
}

function tryParseOperation(request: IncomingMessage): S3Operation | S3Error {
  try {
    return parseOperation(request);
  } catch (error) {
    if (error instanceof S3Error) return error;
    throw error;
  }
}

function signer(request: IncomingMessage): { accessKeyId?: string } {
  const accessKeyId = signerOf(request);
  return accessKeyId === undefined ? {} : { accessKeyId };
}

function formatError(statusCode: number, code: string, message: string): ServiceAnswer {
  return xmlAnswer(xmlDocument('Error', { Code: code, Message: message }), statusCode);
}
