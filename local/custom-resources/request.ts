import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import type { ResolvedResource } from '../assembly';
import { invokeAsynchronously, type LambdaFunction, titleOf } from '../functions';
import { number } from '../properties';
import { CustomResourceError } from './custom-resource-error';
import { type CustomResourceResult, readResponse } from './response';
import type { ResponseServer } from './response-server';

/** What a function is asked for. */
export type CustomResourceChange =
  | { readonly type: 'Create' }
  | { readonly type: 'Update'; readonly physicalId: string; readonly oldProperties: ResolvedResource['properties'] }
  | { readonly type: 'Delete'; readonly physicalId: string };

export interface RequestOptions {
  readonly stackId: string;
  readonly responses: ResponseServer;
  readonly lambda: LambdaFunction;
  /** Wait before a failed call is repeated, in milliseconds. */
  readonly firstRetry?: number;
}

/** CloudFormation's own wait, in seconds: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html */
const DEFAULT_SERVICE_TIMEOUT = 3600;

/** A function that has ended may have handed its answer to something that is still on its way; so long it is waited for, in milliseconds. */
const GRACE = 5000;

/** Asks a custom resource's function for a change, and waits for its response. */
export async function requestChange(
  resource: ResolvedResource,
  change: CustomResourceChange,
  { stackId, responses, lambda, firstRetry }: RequestOptions,
): Promise<CustomResourceResult> {
  const { logicalId, type, properties } = resource;
  const title = titleOf(resource);
  const ids = { StackId: stackId, RequestId: randomUUID(), LogicalResourceId: logicalId };
  const response = responses.open();
  const done = new AbortController();
  const event = {
    RequestType: change.type,
    ServiceToken: properties.ServiceToken,
    ResponseURL: response.url,
    ...ids,
    ResourceType: type,
    ResourceProperties: asTexts(properties),
    ...('physicalId' in change && { PhysicalResourceId: change.physicalId }),
    ...('oldProperties' in change && { OldResourceProperties: asTexts(change.oldProperties) }),
  };
  const seconds = number(properties.ServiceTimeout) ?? DEFAULT_SERVICE_TIMEOUT;
  const fail = (message: string) => () => Promise.reject(new CustomResourceError(title, message));
  const wait = (milliseconds: number) => delay(milliseconds, undefined, { signal: done.signal });
  const ended = invokeAsynchronously(() => lambda, event, { firstRetry, signal: done.signal }).then(
    async (isHandled) => {
      if (isHandled) await wait(GRACE);
    },
  );
  try {
    const body = await Promise.race([
      response.body,
      wait(seconds * 1000).then(fail(`no response within its ServiceTimeout of ${seconds} s`)),
      ended.then(() => fail(`its function has ended without a response: ${lambda.state.lastError ?? 'no error'}`)()),
    ]);
    return readResponse(body, title, ids);
  } finally {
    response.close();
    done.abort();
  }
}

/** CloudFormation hands every scalar over as a text. */
function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asTexts(member)]));
  }
  return typeof value === 'string' ? value : String(value);
}
