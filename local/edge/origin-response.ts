import type { Behavior } from './distribution';
import type { HeaderFields } from './header-fields';
import { forwardsCookies } from './origin-request';

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#ResponseCustomRemovedHeaders */
const REMOVED = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-amz-cf-id',
  'x-amz-cf-pop',
  'x-amz-id-2',
  'x-amz-request-id',
  'x-cache',
]);

/** What of an origin's headers is kept and goes to viewers. */
export function keptHeaders(origin: HeaderFields, behavior: Behavior): HeaderFields {
  const cookies = forwardsCookies(behavior);
  const headers = origin.copy().retain((name) => !REMOVED.has(name) && (cookies || name !== 'set-cookie'));
  if (!headers.has('server')) headers.append('server', 'CloudFront');
  keepKeyedVary(headers, behavior);
  return headers;
}

/** Of `Vary` stay `Accept-Encoding`, `Cookie` and the headers that reach the origin. */
function keepKeyedVary(headers: HeaderFields, { cachePolicy, originRequestPolicy }: Behavior): void {
  const vary = headers.get('vary');
  if (vary === undefined || vary.trim() === '*') return;
  const names = vary.split(',').map((name) => name.trim());
  const kept = names.filter((name) => {
    const lower = name.toLowerCase();
    return (
      lower === 'accept-encoding' ||
      lower === 'cookie' ||
      cachePolicy.headers.takes(lower) ||
      originRequestPolicy?.headers.takes(lower) === true
    );
  });
  if (kept.length === names.length) return;
  headers.delete('vary');
  if (kept.length > 0) headers.append('vary', kept.join(', '));
}
