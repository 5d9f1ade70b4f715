import type { AcceptEncoding } from './cache-key';
import { selectCookies, selectQuery } from './cache-key';
import { cloudFrontHeader } from './cloudfront-headers';
import type { Behavior } from './distribution';
import { HeaderFields } from './header-fields';
import type { Origin } from './origin';
import type { Selection } from './policies';
import type { ViewerRequest } from './viewer-request';

export interface OriginRequest {
  readonly method: string;
  /** Path and query, the origin's path prefix included. */
  readonly path: string;
  readonly headers: HeaderFields;
}

export interface OriginRequestContext {
  readonly behavior: Behavior;
  readonly encoding: AcceptEncoding;
  readonly requestId: string;
  /** Validators of a stored object: they take the place of the viewer's. */
  readonly validators?: HeaderFields;
}

/**
 * Headers that go to the origin although no policy lists them.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#request-custom-headers-behavior
 */
const FORWARDED_BY_DEFAULT = new Set([
  'cache-control',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'from',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'max-forwards',
  'pragma',
  'range',
  'request-range',
  'transfer-encoding',
  'via',
  'warning',
  'x-forwarded-for',
]);

/** Headers that never go to an origin, and those that are set below. */
const NEVER_FORWARDED =
  /^(?:connection|expect|keep-alive|proxy-(?:authenticate|authorization|connection)|te|trailer|upgrade|http2-settings|x-edge-.*|x-forwarded-proto|x-real-ip|x-amz-cf-.*|host|user-agent|cookie|accept-encoding|via|x-forwarded-for)$/;

const CONDITIONS = new Set([
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
]);

/** What an edge location calls itself in `Via`. */
export function via(httpVersion: string, distributionId: string): string {
  return `${httpVersion} ${distributionId.toLowerCase()}.cloudfront.net (CloudFront)`;
}

/** The request as the behaviour's policies let it through. */
export function buildOriginRequest(
  request: ViewerRequest,
  origin: Origin,
  context: OriginRequestContext,
  distributionId: string,
): OriginRequest {
  const { cachePolicy, originRequestPolicy } = context.behavior;
  const query = selectQuery(request.query, either(cachePolicy.queryStrings, originRequestPolicy?.queryStrings));
  const bucket = origin.bucket === undefined ? '' : `/${origin.bucket}`;
  const path = `${bucket}${origin.path}${request.path}`;
  return {
    method: request.method,
    path: query === '' ? path : `${path}?${query}`,
    headers: originHeaders(request, origin, context, distributionId),
  };
}

function either(one: Selection, other: Selection | undefined): Selection {
  if (other === undefined || other.none) return one;
  if (one.none) return other;
  return { takes: (name) => one.takes(name) || other.takes(name), none: false, names: [] };
}

function originHeaders(
  request: ViewerRequest,
  origin: Origin,
  context: OriginRequestContext,
  distributionId: string,
): HeaderFields {
  const { cachePolicy, originRequestPolicy } = context.behavior;
  const listed = either(cachePolicy.headers, originRequestPolicy?.headers);
  const { viewer } = request;
  const headers = new HeaderFields();
  headers.append('host', hostFor(request, origin, listed));
  for (const [name, value] of request.headers) {
    if (NEVER_FORWARDED.test(name) || (context.validators !== undefined && CONDITIONS.has(name))) continue;
    if (
      FORWARDED_BY_DEFAULT.has(name) ||
      listed.takes(name) ||
      (name === 'authorization' && keepsAuthorization(request.method))
    ) {
      headers.append(name, value);
    }
  }
  if (context.validators !== undefined) headers.flat.push(...context.validators.flat);
  headers.append(
    'user-agent',
    (listed.takes('user-agent') ? request.headers.get('user-agent') : undefined) ?? 'Amazon CloudFront',
  );
  const encoding = acceptEncoding(request, context, listed);
  if (encoding !== undefined) headers.append('accept-encoding', encoding);
  const cookies = forwardedCookies(request, context.behavior);
  if (cookies !== '') headers.append('cookie', cookies);
  const forwardedFor = request.headers.get('x-forwarded-for');
  headers.append('x-forwarded-for', forwardedFor === undefined ? viewer.address : `${forwardedFor}, ${viewer.address}`);
  headers.append(
    'via',
    [request.headers.get('via'), via(viewer.httpVersion, distributionId)].filter(Boolean).join(', '),
  );
  headers.append('x-amz-cf-id', context.requestId);
  for (const name of cloudFrontNames(context.behavior)) {
    const value = cloudFrontHeader(name, viewer, request.headers);
    if (value !== undefined) headers.set(name, value);
  }
  for (const [name, value] of origin.customHeaders) headers.set(name, value);
  return headers;
}

/** The viewer's host goes to an origin whose policy takes it; a bucket is always addressed by its own name. */
function hostFor(request: ViewerRequest, origin: Origin, listed: Selection): string {
  if (origin.kind === 's3' || !listed.takes('host')) return origin.domainName;
  return request.headers.get('host') ?? origin.domainName;
}

/** Removed from GET and HEAD unless a policy lists it (the cache would serve one viewer's answer to another). */
function keepsAuthorization(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD' && method !== 'OPTIONS';
}

function acceptEncoding(request: ViewerRequest, context: OriginRequestContext, listed: Selection): string | undefined {
  const { cachePolicy } = context.behavior;
  if (cachePolicy.gzip || cachePolicy.brotli) return context.encoding.forwarded;
  return listed.takes('accept-encoding') ? request.headers.get('accept-encoding') : undefined;
}

function forwardedCookies(request: ViewerRequest, { cachePolicy, originRequestPolicy }: Behavior): string {
  return selectCookies(request.headers.get('cookie'), either(cachePolicy.cookies, originRequestPolicy?.cookies));
}

function cloudFrontNames({ cachePolicy, originRequestPolicy }: Behavior): readonly string[] {
  const ofOriginRequest = originRequestPolicy?.headers.cloudFrontHeaders ?? [];
  return cachePolicy.headers.cloudFrontHeaders.length === 0
    ? ofOriginRequest
    : [...cachePolicy.headers.cloudFrontHeaders, ...ofOriginRequest];
}

/** Whether cookies reach the origin: then CloudFront passes `Set-Cookie` on, and collapses no requests. */
export function forwardsCookies({ cachePolicy, originRequestPolicy }: Behavior): boolean {
  return !cachePolicy.cookies.none || originRequestPolicy?.cookies.none === false;
}
