import type { Behavior } from './distribution';
import type { ViewerRequest } from './viewer-request';

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-general */
const MAX_URL_BYTES = 8_192;
const MAX_REQUEST_BYTES = 32_768;

/** Why CloudFront turns a request away before it looks further. */
export interface Refusal {
  readonly status: 403 | 413;
  readonly reason: string;
}

export function refusalOf(
  { method, path, query, headers, hasBody }: ViewerRequest,
  behavior: Behavior,
): Refusal | undefined {
  const urlBytes = path.length + query.length + (headers.get('host') ?? '').length;
  if (urlBytes > MAX_URL_BYTES || urlBytes + headers.size > MAX_REQUEST_BYTES) {
    const reason = `the URL may have ${String(MAX_URL_BYTES)} bytes, the request without its body ${String(MAX_REQUEST_BYTES)}`;
    return { status: 413, reason };
  }
  const { allowedMethods, pathPattern } = behavior;
  if (!allowedMethods.has(method)) {
    return {
      status: 403,
      reason: `behaviour ${pathPattern} allows ${[...allowedMethods].join(', ')}; received ${method}`,
    };
  }
  return method === 'GET' && hasBody ? { status: 403, reason: 'a GET request must not have a body' } : undefined;
}
