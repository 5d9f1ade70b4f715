import { XMLParser } from 'fast-xml-parser';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { list, number, record, text } from '../properties';
import {
  LoopbackServer,
  type ServiceAnswer,
  ServiceEndpoint,
  type ServiceOptions,
  signerOf,
  xmlDocument,
  type XmlElements,
} from '../stores';
import { CloudFrontError } from './cloudfront-error';
import { InvalidationQuota, type InvalidationQuotaOptions } from './invalidation-quota';
import { Invalidations, type InvalidationState } from './invalidations';

export interface CloudFrontServerOptions extends ServiceOptions {
  /** Ids of the distributions that there are. */
  readonly distributions: () => readonly string[];
  /** Ends objects of a distribution early, and answers how many. */
  readonly invalidate: (distributionId: string, items: readonly string[]) => number;
  /**
   * From an invalidation's request until its effect, in milliseconds.
   * @default 500
   */
  readonly delay?: number;
  /** @default - CloudFront's own */
  readonly quota?: InvalidationQuotaOptions;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
}

const DEFAULT_DELAY = 500;
const NAMESPACE = 'http://cloudfront.amazonaws.com/doc/2020-05-31/';
const DEFAULT_PAGE = 100;

/**
 * CloudFront's control API on loopback: `CreateInvalidation`, `GetInvalidation` and `ListInvalidations` of the stack's distributions.
 *
 * Signatures are not verified, but a request without one is refused.
 */
export class CloudFrontServer {
  static async start(options: CloudFrontServerOptions): Promise<CloudFrontServer> {
    const { delay = DEFAULT_DELAY, now = Date.now } = options;
    const quota = new InvalidationQuota(options.quota ?? {}, now);
    const { distributions, invalidate } = options;
    const invalidations = new Invalidations({ distributions, invalidate, quota, delay, now });
    const calls = new ServiceEndpoint(options, formatError);
    const server = await LoopbackServer.start((request, response) => handle(request, response, invalidations, calls));
    return new CloudFrontServer(server, invalidations, calls);
  }

  private constructor(
    private readonly server: LoopbackServer,
    private readonly accepted: Invalidations,
    /** Where every call passes; its interceptor can be replaced at any time. */
    readonly calls: ServiceEndpoint,
  ) {}

  /** For `AWS_ENDPOINT_URL_CLOUDFRONT`, for example `http://127.0.0.1:40123`. */
  get endpoint(): string {
    return this.server.endpoint;
  }

  /** The latest first. */
  get invalidations(): readonly InvalidationState[] {
    return this.accepted.all;
  }

  /** How many have been accepted and have had no effect yet. */
  get inProgress(): number {
    return this.accepted.inProgress;
  }

  async close(): Promise<void> {
    this.accepted.close();
    await this.server.close();
  }
}

interface Operation {
  readonly name: string;
  readonly distribution: string;
  readonly invalidation: string;
  readonly query: URLSearchParams;
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  invalidations: Invalidations,
  calls: ServiceEndpoint,
): Promise<void> {
  const operation = parseOperation(request);
  const body = await readText(request);
  const accessKeyId = signerOf(request);
  const call = {
    service: 'cloudfront',
    operation: operation.name,
    ...(operation.distribution !== '' && { resource: operation.distribution }),
    ...(accessKeyId !== undefined && { accessKeyId }),
  } as const;
  await calls.answer(call, request, response, () =>
    Promise.resolve(perform(operation, body, invalidations, accessKeyId !== undefined)),
  );
}

const PATH = /^\/2020-05-31\/distribution\/(?<distribution>[^/]+)\/invalidation(?:\/(?<invalidation>[^/]+))?\/?$/;

function parseOperation({ method = '', url = '/' }: IncomingMessage): Operation {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const { distribution = '', invalidation = '' } = PATH.exec(pathname)?.groups ?? {};
  const names: Record<string, string> =
    invalidation === '' ? { POST: 'CreateInvalidation', GET: 'ListInvalidations' } : { GET: 'GetInvalidation' };
  const known = distribution === '' ? undefined : names[method];
  return { name: known ?? `${method} ${pathname}`, distribution, invalidation, query: searchParams };
}

function perform(operation: Operation, body: string, invalidations: Invalidations, signed: boolean): ServiceAnswer {
  try {
    if (!signed) {
      throw new CloudFrontError(403, 'MissingAuthenticationToken', 'Request is missing Authentication Token');
    }
    const { name, distribution, invalidation, query } = operation;
    switch (name) {
      case 'CreateInvalidation': {
        const { callerReference, items } = parseBatch(body);
        const created = invalidations.create(distribution, callerReference, items);
        const location = `${NAMESPACE.replace('/doc', '')}distribution/${distribution}/invalidation/${created.id}`;
        return xml(201, 'Invalidation', describe(created), { location });
      }
      case 'GetInvalidation':
        return xml(200, 'Invalidation', describe(invalidations.get(distribution, invalidation)));
      case 'ListInvalidations':
        return xml(200, 'InvalidationList', page(invalidations.list(distribution), query));
      default:
        throw new CloudFrontError(501, 'NotImplemented', `The local stack's CloudFront does not implement ${name}.`);
    }
  } catch (error) {
    if (!(error instanceof CloudFrontError)) throw error;
    return formatError(error.statusCode, error.code, error.message);
  }
}

const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'Path' });

function parseBatch(body: string): { callerReference: string; items: string[] } {
  if (body === '') throw new CloudFrontError(400, 'MissingBody', 'This operation requires a body.');
  let document: unknown;
  try {
    document = parser.parse(body);
  } catch (cause) {
    throw new CloudFrontError(400, 'MalformedXML', `The XML is not well-formed: ${String(cause)}`);
  }
  const batch = record(record(document).InvalidationBatch);
  const paths = record(batch.Paths);
  const items = list(record(paths.Items).Path).flatMap((item) => text(item) ?? []);
  if (number(paths.Quantity) !== items.length) {
    throw new CloudFrontError(
      400,
      'InconsistentQuantities',
      `The value of Quantity (${text(paths.Quantity) ?? ''}) and the number of items (${items.length}) do not match.`,
    );
  }
  return { callerReference: text(batch.CallerReference) ?? '', items };
}

function describe({ id, status, createTime, callerReference, items }: InvalidationState): XmlElements {
  const Paths = { Quantity: items.length, Items: { Path: items } };
  const InvalidationBatch = { Paths, CallerReference: callerReference };
  return { Id: id, Status: status, CreateTime: createTime, InvalidationBatch };
}

function page(all: readonly InvalidationState[], query: URLSearchParams): XmlElements {
  const marker = query.get('Marker') ?? '';
  const max = Number(query.get('MaxItems') ?? DEFAULT_PAGE);
  const start = all.findIndex(({ id }) => id === marker) + 1;
  const shown = all.slice(start, start + max);
  const isTruncated = start + shown.length < all.length;
  return {
    Marker: marker,
    ...(isTruncated && { NextMarker: shown.at(-1)?.id }),
    MaxItems: max,
    IsTruncated: isTruncated,
    Quantity: shown.length,
    Items: {
      InvalidationSummary: shown.map(({ id, createTime, status }) => ({
        Id: id,
        CreateTime: createTime,
        Status: status,
      })),
    },
  };
}

function formatError(statusCode: number, code: string, message: string): ServiceAnswer {
  const Type = statusCode < 500 ? 'Sender' : 'Receiver';
  return xml(statusCode, 'ErrorResponse', {
    Error: { Type, Code: code, Message: message },
    RequestId: randomUUID(),
  });
}

function xml(
  statusCode: number,
  root: string,
  content: XmlElements,
  headers: Record<string, string> = {},
): ServiceAnswer {
  const body = xmlDocument(root, content, NAMESPACE);
  return { statusCode, headers: { 'content-type': 'text/xml', ...headers }, body };
}

async function readText(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}
