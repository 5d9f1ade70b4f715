import type { CacheValue } from '../cache/entry';
import type { NextInternals } from './internals';
import { manifestPathOf, type PrerenderManifest } from './prerender-manifest';

/** A prerendered answer as the build made it. */
export interface Prerendered {
  readonly value: CacheValue | null;
  readonly lifetime: { readonly revalidate: number | false; readonly expire?: number | undefined } | undefined;
}

/** What Next hands to a handler's constructor that reading the build output takes. */
export interface HandlerOptions {
  readonly fs?: unknown;
  readonly serverDistDir?: string;
}

/**
 * Reads prerendered answers from the build output in the image. With a handler of one's own Next never does that itself, and a
 * missing entry would be rendered anew, or be a 404 where only the build's paths exist.
 */
export class BuildOutput {
  private readonly fileSystemCache;

  constructor(
    internals: NextInternals,
    private readonly manifest: PrerenderManifest,
  ) {
    this.fileSystemCache = internals.fileSystemCache();
  }

  async read(key: string, context: object, options: HandlerOptions): Promise<Prerendered | undefined> {
    const path = manifestPathOf(key);
    const lifetime = this.manifest.lifetimeOf(path);
    const found = await this.readFiles(key, context, options);
    if (found !== undefined) return { value: found, lifetime };
    return this.manifest.isNotFound(path) ? { value: null, lifetime } : undefined;
  }

  private async readFiles(key: string, context: object, options: HandlerOptions): Promise<CacheValue | undefined> {
    if (this.fileSystemCache === undefined || options.fs === undefined || options.serverDistDir === undefined)
      return undefined;
    const cache = new this.fileSystemCache({
      ...options,
      revalidatedTags: [],
      // Neither a second memory layer nor writes into the image.
      flushToDisk: false,
      maxMemoryCacheSize: 0,
    });
    const found = await cache.get(key, context);
    return (found?.value as CacheValue | null | undefined) ?? undefined;
  }
}
