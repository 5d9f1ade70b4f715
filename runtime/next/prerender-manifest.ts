import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface PrerenderedRoute {
  readonly initialRevalidateSeconds?: number | false;
  readonly initialExpireSeconds?: number;
  readonly srcRoute?: string | null;
}

interface DynamicRoute {
  readonly fallback?: string | false | null;
  readonly fallbackRevalidate?: number | false;
  readonly fallbackExpire?: number;
}

interface ManifestFile {
  readonly routes?: Readonly<Record<string, PrerenderedRoute>>;
  readonly dynamicRoutes?: Readonly<Record<string, DynamicRoute>>;
  readonly notFoundRoutes?: readonly string[];
  readonly preview?: { readonly previewModeId?: string };
}

/** The lifetime of an answer, in seconds. */
interface Lifetime {
  readonly revalidate: number | false;
  readonly expire?: number | undefined;
}

/** What `next build` wrote down about the paths that it prerendered. */
export class PrerenderManifest {
  private readonly notFound: ReadonlySet<string>;

  constructor(private readonly file: ManifestFile) {
    this.notFound = new Set(file.notFoundRoutes);
  }

  /** @param distDirectory the build output's folder, usually `.next` */
  static read(distDirectory: string): PrerenderManifest {
    try {
      return new PrerenderManifest(
        JSON.parse(readFileSync(join(distDirectory, 'prerender-manifest.json'), 'utf8')) as ManifestFile,
      );
    } catch {
      // Without it nothing counts as prerendered; Next itself would not start.
      return new PrerenderManifest({});
    }
  }

  /** By this header value Next marks its own on-demand revalidations (`x-prerender-revalidate`). */
  get previewModeId(): string | undefined {
    return this.file.preview?.previewModeId;
  }

  /** The lifetime that the build gave to a prerendered path, or to the fallback of a route. */
  lifetimeOf(path: string): Lifetime | undefined {
    const route = this.file.routes?.[path];
    if (route?.initialRevalidateSeconds !== undefined) {
      return { revalidate: route.initialRevalidateSeconds, expire: route.initialExpireSeconds };
    }
    const dynamic = this.file.dynamicRoutes?.[path];
    if (dynamic?.fallbackRevalidate === undefined) return undefined;
    return { revalidate: dynamic.fallbackRevalidate, expire: dynamic.fallbackExpire };
  }

  /** Whether the build found that the path is a 404 (`notFound: true`). */
  isNotFound(path: string): boolean {
    return this.notFound.has(path);
  }

  /** Whether Next answers 404 to the path of a prerendered page unless its entry is there (`dynamicParams = false`, `fallback: false`). */
  needsEntry(path: string): boolean {
    const source = this.file.routes?.[path]?.srcRoute;
    if (typeof source !== 'string') return false;
    return this.file.dynamicRoutes?.[source]?.fallback === false;
  }
}

/** How keys of scoped response entries begin, and what separates the scope from the path, in versions that scope them. */
const SCOPED_KEY = /^\/route-cache\/[^/]+\/[0-9a-f]+\/\$(?<path>\/.*)$/;

/**
 * The path in the manifest that a response's key may belong to. Used only to look up what the build said of it: the handler
 * never decides by it what to serve, and an unknown form of key just finds nothing.
 */
export function manifestPathOf(key: string): string {
  const path = SCOPED_KEY.exec(key)?.groups?.path ?? key;
  if (path === '/index') return '/';
  // normalizePagePath: a page that is called index keeps one in front.
  return path.startsWith('/index/') ? path.slice('/index'.length) : path;
}
