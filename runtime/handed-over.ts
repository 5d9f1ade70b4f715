import { createRequire } from 'node:module';
import path from 'node:path';

import type { CacheHandlers } from './injection';

/** Where the preload leaves its handlers for modules that Next loads by their paths. */
const HANDLERS = Symbol.for('cdk-nextjs-ecs.cache-handlers');

export function handOver(handlers: CacheHandlers): void {
  Reflect.set(globalThis, HANDLERS, handlers);
}

/** The handlers of this process; none where no preload was loaded, as in `next build`. */
export function handlersOfPreload(): CacheHandlers | undefined {
  return Reflect.get(globalThis, HANDLERS) as CacheHandlers | undefined;
}

/** A module of the Next.js that is running: `next build` and `next start` run in the app's folder. */
export function requireOfNext(module: string): unknown {
  return createRequire(path.join(process.cwd(), 'package.json'))(module);
}
