import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { PackedBuild } from './bundle-facts';

/** The part of Next's resolved configuration that matters here. */
export interface NextConfig {
  /** Path of the app's own handler of pages, routes and fetches. */
  readonly cacheHandler?: string | null;
  /** Paths of the app's own handlers of `'use cache'`, by kind. */
  readonly cacheHandlers?: Readonly<Record<string, string | undefined>> | null;
  readonly experimental?: { readonly cacheHandlers?: Readonly<Record<string, string | undefined>> | null };
}

/** Next's own name, read by `loadConfig` before it looks for a file; what the `server.js` of a standalone build sets too. */
const HANDED_OVER = '__NEXT_PRIVATE_STANDALONE_CONFIG';

/**
 * Hands the configuration that the build resolved over to `next start`. So the image needs neither `next.config` nor what compiles it,
 * and what the configuration computed at build time holds at run time.
 */
export function handOverNextConfig({ facts, appDirectory }: PackedBuild): NextConfig {
  const file = path.join(appDirectory, facts.server.distDirectory, 'required-server-files.json');
  const { config } = JSON.parse(readFileSync(file, 'utf8')) as { config: NextConfig };
  process.env[HANDED_OVER] = JSON.stringify(config);
  return config;
}
