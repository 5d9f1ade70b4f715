import type { NextInternals } from './internals';

/** Where the server keeps the handler that `images.customCacheHandler` makes it load; it makes none where it has one. */
const HANDLER = 'imageCacheHandler';

/**
 * Gives the image optimizer a cache handler, without which every process optimizes each image for itself. Next has no symbol for that one,
 * only `images.customCacheHandler` together with `cacheHandler`, a path, which would cost every other request an import. So the server's
 * field is filled beforehand, on the class:
 * https://github.com/vercel/next.js/blob/v16.2.0/packages/next/src/server/next-server.ts
 */
export function shareImages(internals: NextInternals, handler: object): void {
  const server = internals.imageServer();
  if (server !== undefined) Reflect.set(server.prototype, HANDLER, handler);
}
