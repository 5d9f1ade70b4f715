import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { ResolvedStack } from '../../../local/assembly';
import { LoopbackServer } from '../../../local/stores';

/** What CloudFormation hears of a custom resource. */
export interface CustomResourceAnswer {
  readonly Status: 'SUCCESS' | 'FAILED';
  readonly PhysicalResourceId: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly Reason?: string;
  readonly Data?: Readonly<Record<string, unknown>>;
}

export type RequestType = 'Create' | 'Update' | 'Delete';

const MOST_BYTES = 4096;

/** CloudFormation, as the function of a custom resource sees it: its events, and the presigned address for answers. */
export class CloudFormation {
  static async start(): Promise<CloudFormation> {
    const cloudFormation: { current?: CloudFormation } = {};
    const server = await LoopbackServer.start(async (request, response) =>
      cloudFormation.current?.receive(request, response),
    );
    return (cloudFormation.current = new CloudFormation(server));
  }

  /** The answers that were taken, each with its request. */
  readonly answers: CustomResourceAnswer[] = [];
  /** Statuses that the address gives before it takes an answer. */
  refusals: number[] = [];

  private constructor(private readonly server: LoopbackServer) {}

  /**
   * The event for the stack's only custom resource.
   *
   * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html
   */
  event(type: RequestType, stack: ResolvedStack, { id, before }: { id?: string; before?: ResolvedStack } = {}) {
    const { properties, logicalId, type: resourceType } = theCustomResource(stack);
    return {
      RequestType: type,
      ServiceToken: properties.ServiceToken,
      ResponseURL: `${this.server.endpoint}/arn%3Aaws%3Acloudformation%3A${stack.region}/${logicalId}?AWSAccessKeyId=A&Expires=1&Signature=s`,
      StackId: stack.id,
      RequestId: randomUUID(),
      LogicalResourceId: logicalId,
      ResourceType: resourceType,
      ResourceProperties: asTexts(properties),
      ...(id !== undefined && { PhysicalResourceId: id }),
      ...(before && { OldResourceProperties: asTexts(theCustomResource(before).properties) }),
    };
  }

  close(): Promise<void> {
    return this.server.close();
  }

  /** As S3 takes what is put to an address that was signed for neither a content type nor chunks. */
  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const { 'content-type': contentType = '', 'content-length': length } = request.headers;
    const refusal =
      request.method !== 'PUT' || contentType !== '' ? 403 : length === undefined ? 411 : this.refusals.shift();
    response.writeHead(refusal ?? 200).end();
    if (refusal !== undefined) return;
    if (body.length > MOST_BYTES) throw new Error(`test/deploy: an answer has ${body.length} bytes`);
    this.answers.push(JSON.parse(body.toString()) as CustomResourceAnswer);
  }
}

function theCustomResource(stack: ResolvedStack) {
  const [resource, ...others] = stack.customResources;
  if (resource === undefined || others.length > 0)
    throw new Error('test/deploy: there is not one custom resource in the template');
  return resource;
}

/** Every scalar is handed over as a text. */
function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts);
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asTexts(member)]));
}
