import path from 'node:path';

/** The modules that the adapter names to Next, in the package's folder of assets. */
export const HandlerFile = {
  /** Of pages, routes, fetches and images. */
  CACHE: 'cdk-nextjs-ecs-cache-handler.mjs',
  /** Of `'use cache'`. */
  USE_CACHE: 'cdk-nextjs-ecs-use-cache-handler.mjs',
} as const;

const NAMES: ReadonlySet<string> = new Set(Object.values(HandlerFile));

/** Whether a path in Next's configuration leads to a handler of ours. */
export function isHandlerFile(file: string): boolean {
  return NAMES.has(path.basename(file));
}
