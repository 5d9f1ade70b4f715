import { handlersOfPreload, requireOfNext } from './handed-over';

type Handler = new (options: object) => object;

/**
 * Next's `cacheHandler` where the adapter names it. In a task it is the handler that the preload has made; in `next build`, where there is
 * neither a preload nor anything to share, Next's own.
 */
export default class CacheHandler {
  constructor(options: object) {
    const FetchCache = (handlersOfPreload()?.FetchCache as Handler | undefined) ?? fileSystemCache();
    return new FetchCache(options);
  }
}

function fileSystemCache(): Handler {
  const module = requireOfNext('next/dist/server/lib/incremental-cache/file-system-cache') as { default: Handler };
  return module.default;
}
