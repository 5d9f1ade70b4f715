import { handOver } from './handed-over';
import { isHandlerFile } from './next/handler-files';
import type { NextConfig } from './server/next-config';

/** The handlers that Next takes from outside, by the names under which it looks for them. */
export interface CacheHandlers {
  /** Class of the handler of pages, routes, fetches and images. */
  readonly FetchCache: unknown;
  /** Object for `'use cache'`. */
  readonly DefaultCache: unknown;
  /** Object for `'use cache: remote'`. */
  readonly RemoteCache: unknown;
}

/**
 * Where Next looks for handlers that its platform brings, on every version since 15.5. Unlike the path of a module, which Next imports anew for
 * every instance, it costs nothing a request:
 * https://github.com/vercel/next.js/blob/v16.2.0/packages/next/src/server/lib/incremental-cache/index.ts
 */
const HANDLERS = Symbol.for('@next/cache-handlers');

/** Hands the handlers to Next and returns the names of those that the app's own configuration keeps in charge. */
export function injectHandlers(handlers: CacheHandlers, config: NextConfig): readonly string[] {
  const own = ownHandlers(config);
  const ours = Object.entries(handlers).filter(([name]) => !own.has(name));
  Reflect.set(globalThis, HANDLERS, Object.fromEntries(ours));
  handOver(handlers);
  return [...own.values()];
}

/** The names of handlers that the app brings, by the name of ours that each replaces. */
function ownHandlers(config: NextConfig): ReadonlyMap<string, string> {
  const kinds = { ...config.experimental?.cacheHandlers, ...config.cacheHandlers };
  const own = new Map<string, string>();
  if (isSet(config.cacheHandler)) own.set('FetchCache', 'cacheHandler');
  if (isSet(kinds.default)) own.set('DefaultCache', 'cacheHandlers.default');
  if (isSet(kinds.remote)) own.set('RemoteCache', 'cacheHandlers.remote');
  return own;
}

/** What the adapter has put there is ours as well. */
function isSet(path: string | null | undefined): boolean {
  return path !== undefined && path !== null && path !== '' && !isHandlerFile(path);
}
