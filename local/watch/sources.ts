import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Folders that hold no sources, wherever they lie. */
const NO_SOURCES = new Set(['node_modules', '.git', '.next', '.cdk-nextjs-ecs', 'cdk.out']);

/** What builds themselves write beside the sources. */
const WRITTEN_BY_BUILDS = /^next-env\.d\.ts$|\.tsbuildinfo$/;

/** Larger files (a video in `public`) are known by size and time. */
const MOST_READ = 1024 * 1024;

/** An app's own files: all that a build reads but its packages. */
export class Sources {
  /** @param ignored further folders, relative to the directory, for example a build output of another name */
  constructor(
    readonly directory: string,
    private readonly ignored: readonly string[] = [],
  ) {}

  /** Whether a path (absolute) is a source, or a folder of sources. */
  include(path: string): boolean {
    const parts = relative(this.directory, path).split(/[/\\]/);
    if (parts.some((part) => NO_SOURCES.has(part)) || WRITTEN_BY_BUILDS.test(parts.at(-1) ?? '')) return false;
    return !this.ignored.includes(parts.join('/'));
  }

  /** The directory and all that it includes. */
  folders(below = this.directory): string[] {
    const folders = this.entries(below).filter((entry) => entry.isDirectory());
    return [below, ...folders.flatMap(({ name }) => this.folders(join(below, name)))];
  }

  /** What all the files say: it changes when one of them does, and not when one is only written again. */
  digest(): string {
    const hash = createHash('sha256');
    for (const folder of this.folders()) {
      for (const entry of this.entries(folder)) {
        if (entry.isFile()) hash.update(describe(join(folder, entry.name)));
      }
    }
    return hash.digest('hex');
  }

  private entries(folder: string) {
    try {
      return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => this.include(join(folder, name)));
    } catch {
      // It has just gone.
      return [];
    }
  }
}

function describe(file: string): string {
  try {
    const { size, mtimeMs } = statSync(file);
    return JSON.stringify([file, size > MOST_READ ? [size, mtimeMs] : readFileSync(file, 'base64')]);
  } catch {
    return '';
  }
}
