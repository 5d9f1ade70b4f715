import { constants, mkdirSync, symlinkSync } from 'node:fs';
import { copyFile, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';

import { isFile, isInside, tryReadLink } from './files';

/** How much a folder holds. */
export interface TreeSize {
  readonly files: number;
  readonly bytes: number;
}

/**
 * Files of this machine that are to be copied together so that they find each other as before: every one keeps its place relative to
 * the others, and a symbolic link on the way to one (pnpm's `node_modules`, a workspace's packages) is kept as a relative link.
 */
export class FileTree {
  private readonly files = new Set<string>();
  /** Place of a link → what it points at, both absolute. */
  private readonly links = new Map<string, string>();
  private readonly resolved = new Map<string, string>();

  /** Adds a file, or a link with no regard to what it points at. What is not there is left out, as a trace may name what a build removed. */
  add(path: string): void {
    const real = this.resolve(path);
    if (isFile(real)) this.files.add(real);
  }

  delete(path: string): void {
    this.files.delete(path);
  }

  /** The files, free of links, in a fixed order. */
  get paths(): string[] {
    return [...this.files].sort();
  }

  /** The deepest folder that holds everything. */
  get root(): string {
    const links = this.liveLinks().map(([link]) => link);
    return [...this.files, ...links].map((path) => dirname(path)).reduce(commonAncestor);
  }

  /** Copies the tree to `destination`, which stands for {@link root}. */
  async copyTo(destination: string): Promise<TreeSize> {
    const { root, paths } = this;
    const size = await copyFiles(paths.map((path) => [path, join(destination, relative(root, path))]));
    for (const [link, target] of this.liveLinks()) {
      const place = join(destination, relative(root, link));
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(relative(dirname(link), target), place);
    }
    return size;
  }

  /** Links whose target is in the tree: the others would dangle in the copy. */
  private liveLinks(): [string, string][] {
    const live = new Set(this.paths.flatMap((path) => [path, ...foldersOf(path)]));
    return [...this.links].filter(([, target]) => live.has(this.resolve(target))).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The path without links; every link on the way is noted. */
  private resolve(path: string): string {
    const known = this.resolved.get(path);
    if (known !== undefined) return known;
    // Where links lead in a circle, the second visit ends here.
    this.resolved.set(path, path);
    const parent = dirname(path);
    const real = parent === path ? path : this.follow(join(this.resolve(parent), basename(path)));
    this.resolved.set(path, real);
    return real;
  }

  private follow(path: string): string {
    const link = tryReadLink(path);
    if (link === undefined) return path;
    const target = resolve(dirname(path), link);
    this.links.set(path, target);
    return this.resolve(target);
  }
}

/** Copies files, each given with its new place, several at a time. */
export async function copyFiles(copies: readonly (readonly [from: string, to: string])[]): Promise<TreeSize> {
  for (const folder of new Set(copies.map(([, to]) => dirname(to)))) mkdirSync(folder, { recursive: true });
  let bytes = 0;
  const queue = copies.values();
  const worker = async (): Promise<void> => {
    for (const [from, to] of queue) {
      await copyFile(from, to, constants.COPYFILE_FICLONE);
      const { size, atime, mtime } = await stat(from);
      // Next makes the entity tags of public/ from it: they stay the same from one packing to the next.
      await utimes(to, atime, mtime);
      bytes += size;
    }
  };
  await Promise.all(Array.from({ length: COPIES_AT_A_TIME }, worker));
  return { files: copies.length, bytes };
}

const COPIES_AT_A_TIME = 16;

function commonAncestor(a: string, b: string): string {
  return isInside(a, b) ? a : commonAncestor(dirname(a), b);
}

function foldersOf(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...foldersOf(parent)];
}
