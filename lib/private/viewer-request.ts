import { Header } from '../../contract';
import { dropNextUrl } from './next-url';

/**
 * What a viewer may not say: Next.js' words between its own parts, and names that only the edge may set.
 *
 * Believing them has been an authorization bypass (GHSA-f82v-jwr5-mffw) and several cache poisonings.
 */
const STRIPPED_HEADERS = [
  // Next.js takes the nonce of its scripts from it, which only the app's proxy may set.
  'content-security-policy',
  'content-security-policy-report-only',
  'next-resume',
  'x-action-forwarded',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-matched-path',
  'x-middleware-next',
  'x-middleware-override-headers',
  'x-middleware-redirect',
  'x-middleware-rewrite',
  'x-middleware-set-cookie',
  'x-middleware-skip',
  'x-middleware-subrequest',
  'x-middleware-subrequest-id',
  'x-next-revalidate-tag-token',
  'x-next-revalidated-tags',
  'x-now-route-matches',
  'x-prerender-revalidate',
  'x-prerender-revalidate-if-generated',
  Header.VERDICT,
];

/** Image formats that Next.js offers by `Accept`, the better ones first. */
const NEGOTIATED_IMAGE_TYPES = ['image/avif', 'image/webp'];

export interface ViewerRequestOptions {
  /** Path of Next's image optimizer, where the app has one. */
  readonly imagePath?: string;
  /** What the paths begin with whose requests keep `next-url`; all do where it is left out. */
  readonly pathsWithNextUrl?: readonly string[];
  /** The response header that carries cache tags. */
  readonly cacheTagHeader: string;
  /** A user's own code; defines `viewerRequest(event)`, which returns a request or a response. */
  readonly userCode?: string;
}

/** CloudFront's quota of a function's size, in bytes. */
export const LARGEST_FUNCTION = 10_240;

/**
 * Source of the CloudFront Function that sees each request before the cache does; JavaScript runtime 2.0, at most 10 KB.
 *
 * It is text because it runs neither here nor in Node.js, but in a runtime that knows only what is listed (no `for...of`, for example):
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
 */
export function viewerRequestCode(options: ViewerRequestOptions): string {
  return [
    `const STRIPPED_HEADERS = ${JSON.stringify([...STRIPPED_HEADERS, options.cacheTagHeader])};`,
    stripHeaders,
    ...(options.imagePath ? [`const IMAGE_PATH = ${JSON.stringify(options.imagePath)};`, normaliseAccept] : []),
    ...(options.pathsWithNextUrl ? [dropNextUrl(options.pathsWithNextUrl)] : []),
    ...(options.userCode === undefined ? [] : [`\n${options.userCode}`]),
    handler(options),
    '',
  ].join('\n');
}

/**
 * A header of `RSC` that is not `1` means nothing to Next.js, but would be another key in the cache. The router says the other two of
 * data only; with a page's path they would turn redirects of the app's proxy into empty answers.
 */
const stripHeaders = `
function stripHeaders(uri, headers) {
  STRIPPED_HEADERS.forEach((name) => delete headers[name]);
  if (!uri.includes('/_next/data/')) {
    delete headers['x-nextjs-data'];
    delete headers['x-middleware-prefetch'];
  }
  if (headers.rsc && headers.rsc.value !== '1') delete headers.rsc;
  if (headers.host) headers['x-forwarded-host'] = { value: headers.host.value };
}`;

/** Browsers write \`Accept\` in dozens of ways, and the image optimizer reads but these types in it. */
const normaliseAccept = `
const IMAGE_TYPES = ${JSON.stringify(NEGOTIATED_IMAGE_TYPES)};
function normaliseAccept(headers) {
  const accept = headers.accept ? headers.accept.value : '';
  const types = IMAGE_TYPES.filter((type) => accept.includes(type));
  headers.accept = { value: types.concat('*/*').join(',') };
}`;

function handler({ imagePath, pathsWithNextUrl, userCode }: ViewerRequestOptions): string {
  const images = `
  if (request.uri === IMAGE_PATH || request.uri === IMAGE_PATH + '/') normaliseAccept(request.headers);`;
  const nextUrl = `
  dropNextUrl(request);`;
  return `
function handler(event) {
  const request = event.request;
  stripHeaders(request.uri, request.headers);${imagePath === undefined ? '' : images}${pathsWithNextUrl === undefined ? '' : nextUrl}
  return ${userCode === undefined ? 'request' : 'viewerRequest(event)'};
}`;
}
