import { record, text } from '../properties';
import { CustomResourceError } from './custom-resource-error';

/** What a custom resource has become. */
export interface CustomResourceResult {
  /** What `Ref` gives. */
  readonly physicalId: string;
  /** What `Fn::GetAtt` gives, by attribute. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The identifiers that a response repeats from its request. */
export interface RequestIds {
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

const MAX_BYTES = 4096;

/**
 * Reads a function's response as strictly as CloudFormation does.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
 */
export function readResponse(body: string, title: string, ids: RequestIds): CustomResourceResult {
  const fail = (message: string) => new CustomResourceError(title, message);
  let response: Record<string, unknown>;
  try {
    response = record(JSON.parse(body));
  } catch {
    throw fail(`its response is not JSON: ${body.slice(0, 200)}`);
  }
  const { Status: status, Reason: reason, Data: data } = response;
  if (status === 'FAILED') throw fail(text(reason) ?? 'failed without a reason');
  if (status !== 'SUCCESS') throw fail(`Status must be SUCCESS or FAILED; received ${JSON.stringify(status)}`);
  for (const [name, expected] of Object.entries(ids)) {
    if (response[name] === expected) continue;
    throw fail(`${name} must be the request's, ${String(expected)}; received ${JSON.stringify(response[name])}`);
  }
  const physicalId = response.PhysicalResourceId;
  if (typeof physicalId !== 'string' || physicalId === '') {
    throw fail(`PhysicalResourceId must be a text; received ${JSON.stringify(physicalId)}`);
  }
  if (Buffer.byteLength(body) > MAX_BYTES) {
    throw fail(`its response must have ${MAX_BYTES} bytes at most; received ${Buffer.byteLength(body)}`);
  }
  return { physicalId, data: record(data) };
}
