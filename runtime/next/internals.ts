import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The lifetime of an entry, in seconds. */
interface Lifetime {
  readonly revalidate: number | false;
  readonly expire?: number | undefined;
}

/** What `get` of Next's own handler returns. */
export interface BuildOutputEntry {
  readonly value: { readonly kind: string; readonly headers?: Readonly<Record<string, unknown>> } | null;
  readonly lastModified?: number;
}

interface FileSystemCache {
  get(key: string, context: object): Promise<BuildOutputEntry | null>;
}

type FileSystemCacheClass = new (options: object) => FileSystemCache;

/**
 * The few modules inside Next that the handler needs, taken from the app's own installation. Their paths are no public API, so each
 * is optional: without it the handler does without, and says so once.
 */
export class NextInternals {
  private readonly require: NodeJS.Require;

  constructor(
    appDirectory: string,
    private readonly onMissing: (module: string, error: unknown) => void,
  ) {
    this.require = createRequire(join(appDirectory, 'package.json'));
  }

  /** The class that reads prerendered answers from the build output; it knows every layout that its version writes. */
  fileSystemCache(): FileSystemCacheClass | undefined {
    const module = this.load('next/dist/server/lib/incremental-cache/file-system-cache');
    const exported = isRecord(module) ? module.default : undefined;
    return typeof exported === 'function' ? (exported as FileSystemCacheClass) : undefined;
  }

  /** The map in which Next before 16.4 keeps the lifetimes of the entries that its own process rendered. */
  lifetimes(): Map<string, Lifetime> | undefined {
    const module = this.load('next/dist/server/lib/incremental-cache/shared-cache-controls.external');
    const exported = isRecord(module) ? module.SharedCacheControls : undefined;
    const map: unknown =
      typeof exported === 'function' ? (exported as unknown as { cacheControls?: unknown }).cacheControls : undefined;
    return map instanceof Map ? (map as Map<string, Lifetime>) : undefined;
  }

  /** The class of the server that optimizes images. */
  imageServer(): { readonly prototype: object } | undefined {
    const module = this.load('next/dist/server/next-server');
    const exported = isRecord(module) ? module.default : undefined;
    return typeof exported === 'function' ? exported : undefined;
  }

  private load(module: string): unknown {
    try {
      return this.require(module);
    } catch (error) {
      this.onMissing(module, error);
      return undefined;
    }
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
