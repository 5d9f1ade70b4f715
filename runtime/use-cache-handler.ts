import { handlersOfPreload, requireOfNext } from './handed-over';

/** What Next gives to its own handler in memory: `cacheMaxMemorySize`'s default. */
const MEMORY = 50 * 1024 * 1024;

/** Next's `cacheHandlers` where the adapter names them: in a task the preload's, in `next build` Next's own. */
export default handlersOfPreload()?.DefaultCache ?? inMemory();

function inMemory(): object {
  interface Module {
    readonly createDefaultCacheHandler: (maxSize: number) => object;
  }
  return (requireOfNext('next/dist/server/lib/cache-handlers/default') as Module).createDefaultCacheHandler(MEMORY);
}
