import { constants, type Dirent } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, readlink, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Gives a replica its own view of an image's tree, as a container has: what it writes, no other replica sees.
 *
 * Modules are hard links, because no server writes to them and they are most of the bytes; everything else is a copy (a clone,
 * where the file system can). Modification times are kept: Next.js takes the age of prerendered pages from them.
 *
 * @param signal aborts it
 */
export async function createWorkspace(source: string, destination: string, signal?: AbortSignal): Promise<void> {
  await copyDirectory(source, destination, { isLinked: false, signal });
}

/** A tree that stays when the other one goes, for who only reads it: hard links alone, where the file system can. */
export async function linkTree(source: string, destination: string): Promise<void> {
  await copyDirectory(source, destination, { isLinked: true });
}

interface CopyOptions {
  readonly isLinked: boolean;
  readonly signal?: AbortSignal;
}

/** One folder after another: who else wants the file system must not wait for thousands of files. */
async function copyDirectory(source: string, destination: string, options: CopyOptions): Promise<void> {
  options.signal?.throwIfAborted();
  await mkdir(destination, { recursive: true });
  const entries = await readdir(source, { withFileTypes: true });
  const [directories, files] = [entries.filter(isDirectory), entries.filter((entry) => !isDirectory(entry))];
  await Promise.all(
    files.map((file) => copyEntry(file, join(source, file.name), join(destination, file.name), options)),
  );
  for (const { name } of directories) {
    const isLinked = options.isLinked || name === 'node_modules';
    await copyDirectory(join(source, name), join(destination, name), { ...options, isLinked });
  }
}

function isDirectory(entry: Dirent): boolean {
  return entry.isDirectory();
}

async function copyEntry(entry: Dirent, from: string, to: string, { isLinked }: CopyOptions): Promise<void> {
  if (entry.isSymbolicLink()) await symlink(await readlink(from), to);
  else if (isLinked) await linkOrCopy(from, to);
  else await copy(from, to);
}

/** Another file system (a /tmp in memory) takes no hard link. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    await copy(from, to);
  }
}

async function copy(from: string, to: string): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE);
  const { atime, mtime } = await lstat(from);
  await utimes(to, atime, mtime);
}
