import type { BundleFacts } from '../../contract';

/**
 * The versions of Next.js of which it is known how they hash the router's headers, and that they answer by `next-url` nothing but
 * intercepting routes. Before 16 the router sends with each prefetch the state of the page as well, so that nothing could be shared.
 */
const KNOWN_VERSIONS = ['16.2', '16.3', '16.4'];

/** Of a function's 10 KB, those that the exceptions may take. */
const MOST_EXCEPTIONS = 1024;

/**
 * What the paths begin with whose requests keep `next-url`; undefined where all do: in apps with intercepting routes, and where it is
 * not known.
 */
export function pathsWithNextUrl({ nextVersion, nextUrlPaths }: BundleFacts): readonly string[] | undefined {
  const [minor = ''] = /^\d+\.\d+/.exec(nextVersion) ?? [];
  if (!KNOWN_VERSIONS.includes(minor) || nextUrlPaths === undefined || nextUrlPaths.includes('/')) return undefined;
  return JSON.stringify(nextUrlPaths).length <= MOST_EXCEPTIONS ? nextUrlPaths : undefined;
}

/**
 * Makes one request of the same prefetch from several pages: source for {@link viewerRequestCode}.
 *
 * The router says in `next-url` on which page a link was seen, and in `_rsc` a hash over its headers:
 * https://github.com/vercel/next.js/blob/v16.4.6/packages/next/src/shared/lib/router/utils/cache-busting-search-param.ts
 * What has the right hash goes on as if the router had not sent `next-url`; so does what was sent on by a server that got it without.
 * All else is left as it came: another version's server then names its own hash, and is not contradicted.
 *
 * The hash is SHA-256 or, of older versions and of browsers without a secure context, five digits of Bernstein's. That one is counted
 * here, character by character, and a function has about a millisecond: it is left alone where it is over more than a prefetch.
 */
export function dropNextUrl(exceptions: readonly string[]): string {
  return `
const ROUTER_HEADERS = ['next-router-prefetch', 'next-router-segment-prefetch', 'next-router-state-tree', 'next-url'];
const NEXT_URL_PATHS = ${JSON.stringify(exceptions)};
function routerHash(text, length) {
  if (length === 16) return require('crypto').createHash('sha256').update(text).digest('base64url').slice(0, 16);
  let hash = 5381;
  for (let at = 0; at < text.length; at++) hash = (hash * 33 + text.charCodeAt(at)) % 4294967296;
  return hash.toString(36).slice(0, 5);
}
function dropNextUrl(request) {
  const headers = request.headers;
  const rsc = request.querystring._rsc;
  if (!headers.rsc || !headers['next-url'] || !rsc || rsc.multiValue) return;
  if (ROUTER_HEADERS.some((name) => headers[name] && headers[name].multiValue)) return;
  const path = request.uri.toLowerCase();
  if (NEXT_URL_PATHS.some((start) => path.startsWith(start))) return;
  const values = ROUTER_HEADERS.map((name) => (headers[name] ? headers[name].value : '0'));
  const said = values.join(',');
  const rest = values.slice(0, 3).join(',') + ',0';
  const length = rsc.value.length;
  if (length !== 16 && said.length > 512) return;
  const shared = rest === '0,0,0,0' ? '' : routerHash(rest, length);
  if (rsc.value !== shared && rsc.value !== routerHash(said, length)) return;
  delete headers['next-url'];
  rsc.value = shared;
}`;
}
