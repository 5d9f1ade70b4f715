import { join } from 'node:path';

import { tryReadJson } from './files';
import type { BuildOutput } from './output';

/** The router's header that says on which page a link was seen. */
const NEXT_URL = 'next-url';

/** Where every path begins. */
const EVERYWHERE = '/';

/** A condition of a route: https://nextjs.org/docs/app/api-reference/config/next-config-js/rewrites#header-cookie-and-query-matching */
interface Condition {
  readonly type?: string;
  readonly key?: string;
}

export interface ConditionalRoute {
  readonly has?: readonly Condition[];
  readonly missing?: readonly Condition[];
}

interface Rewrite extends ConditionalRoute {
  readonly source: string;
  readonly destination: string;
}

/** What of Next's `routes-manifest.json` looks at headers. */
interface RoutesManifest {
  readonly rewrites?: readonly Rewrite[] | Readonly<Record<string, readonly Rewrite[]>>;
  readonly redirects?: readonly ConditionalRoute[];
  readonly headers?: readonly ConditionalRoute[];
  readonly onMatchHeaders?: readonly ConditionalRoute[];
}

/**
 * What the paths begin with whose answers depend on `next-url`, or may; undefined where the build does not say.
 *
 * Next.js compiles an intercepting route into a rewrite with a condition on the header, and takes the header from all requests that none of
 * these could concern. A path that is rewritten to another site may be an intercepting route there.
 *
 * @param matchers of the app's proxy
 * @see https://nextjs.org/docs/app/api-reference/file-conventions/intercepting-routes
 */
export function nextUrlPaths(output: BuildOutput, matchers: readonly ConditionalRoute[]): string[] | undefined {
  const manifest = tryReadJson(join(output.directory, 'routes-manifest.json')) as RoutesManifest | undefined;
  if (manifest === undefined) return undefined;
  const { rewrites = [], redirects = [], headers = [], onMatchHeaders = [] } = manifest;
  const allRewrites = Object.values(rewrites).flat() as readonly Rewrite[];
  const routes = [...allRewrites, ...redirects, ...headers, ...onMatchHeaders, ...matchers];
  if (routes.some(looksAtNextUrl)) return [EVERYWHERE];
  const starts = allRewrites.filter(leavesTheApp).map(({ source }) => startOf(source));
  return [...new Set(starts)].sort();
}

function looksAtNextUrl({ has = [], missing = [] }: ConditionalRoute): boolean {
  return [...has, ...missing].some(({ type, key }) => type === 'header' && key?.toLowerCase() === NEXT_URL);
}

function leavesTheApp({ destination }: Rewrite): boolean {
  return !destination.startsWith('/');
}

/** What every path that fits a pattern begins with, in lower case, as patterns do not tell cases apart: `/docs` of `/Docs/:path*`. */
function startOf(pattern: string): string {
  const [fixed = ''] = /^[^:*+?(){}[\]\\]*/.exec(pattern) ?? [];
  return fixed.toLowerCase().replace(/\/$/, '') || EVERYWHERE;
}
