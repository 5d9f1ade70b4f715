import { XMLParser } from 'fast-xml-parser';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An invalidation as CloudFront has taken it. */
export interface Invalidation {
  readonly at: number;
  readonly reference: string;
  readonly items: readonly string[];
}

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message?: string;
}

export const TOO_MANY: Refusal = { status: 400, code: 'TooManyInvalidationsInProgress' };
export const THROTTLED: Refusal = { status: 400, code: 'Throttling', message: 'Rate exceeded' };
export const INVALID: Refusal = { status: 400, code: 'InvalidArgument', message: 'An item is not valid' };
export const BROKEN: Refusal = { status: 500, code: 'InternalError' };

/** What the quota lets pass: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
const ITEMS_A_SECOND = 150;

/** CreateInvalidation over HTTP, with CloudFront's quota by the test's clock and refusals on demand. */
export class CloudFront {
  static async start(now: () => number): Promise<CloudFront> {
    const cloudFront = new CloudFront(now);
    await new Promise<void>((resolve) => {
      cloudFront.server.listen(0, '127.0.0.1', resolve);
    });
    return cloudFront;
  }

  readonly taken: Invalidation[] = [];
  /** Calls, taken or not. */
  calls = 0;
  /** How often a known reference was sent again. */
  repeated = 0;
  /** Calls over the quota. */
  overQuota = 0;
  /** Says whether a call is refused. */
  refuse: (items: readonly string[]) => Refusal | undefined = () => undefined;
  /** Hears of what is about to be answered; what it throws breaks the connection. */
  onTaken: (invalidation: Invalidation) => void = () => undefined;

  private readonly server: Server;

  private constructor(private readonly now: () => number) {
    this.server = createServer((request, response) => void this.handle(request, response));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Items of all invalidations, in their order. */
  get items(): string[] {
    return this.taken.flatMap(({ items }) => items);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.calls += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method !== 'POST' || request.url !== '/2020-05-31/distribution/EDIST/invalidation') {
      answerError(response, { status: 404, code: 'NoSuchDistribution' });
      return;
    }
    const { reference, items } = parse(Buffer.concat(chunks).toString());
    const refusal = this.refuse(items) ?? this.quota(items);
    if (refusal !== undefined) {
      answerError(response, refusal);
      return;
    }
    const known = this.taken.find((invalidation) => invalidation.reference === reference);
    if (known === undefined) this.taken.push({ at: this.now(), reference, items });
    else if (known.items.join() === items.join()) this.repeated += 1;
    else {
      answerError(response, { status: 400, code: 'InvalidationBatchAlreadyExists' });
      return;
    }
    try {
      this.onTaken({ at: this.now(), reference, items });
    } catch {
      response.destroy();
      return;
    }
    response.writeHead(201, { 'content-type': 'text/xml' });
    response.end(
      `<?xml version="1.0"?><Invalidation><Id>I${this.taken.length}</Id><Status>InProgress</Status><CreateTime>2026-01-01T00:00:00Z</CreateTime></Invalidation>`,
    );
  }

  private quota(items: readonly string[]): Refusal | undefined {
    const recent = this.taken.filter(({ at }) => at > this.now() - 1000).flatMap((invalidation) => invalidation.items);
    if (recent.length + items.length <= ITEMS_A_SECOND) return undefined;
    this.overQuota += 1;
    return TOO_MANY;
  }
}

function parse(body: string): { reference: string; items: string[] } {
  const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === 'Path' });
  const { InvalidationBatch: batch } = parser.parse(body) as {
    InvalidationBatch: { CallerReference: string; Paths: { Quantity: string; Items: { Path: string[] } } };
  };
  const items = batch.Paths.Items.Path;
  if (Number(batch.Paths.Quantity) !== items.length) throw new Error('InconsistentQuantities');
  return { reference: batch.CallerReference, items };
}

function answerError(response: ServerResponse, { status, code, message = code }: Refusal): void {
  response.writeHead(status, { 'content-type': 'text/xml' });
  response.end(
    `<?xml version="1.0"?><ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  );
}
