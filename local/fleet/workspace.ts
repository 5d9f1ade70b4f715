import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, readlink, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Gives a replica its own view of an image's tree, as a container has: what it writes, no other replica sees.
 *
 * Modules are hard links, because no server writes to them and they are most of the bytes; everything else is a copy (a clone,
 * where the file system can). Modification times are kept: Next.js takes the age of prerendered pages from them.
 */
export async function createWorkspace(source: string, destination: string): Promise<void> {
  await copyDirectory(source, destination, false);
}

async function copyDirectory(source: string, destination: string, modules: boolean): Promise<void> {
  await mkdir(destination, { recursive: true });
  const entries = await readdir(source, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const from = join(source, entry.name);
      const to = join(destination, entry.name);
      if (entry.isDirectory()) return copyDirectory(from, to, modules || entry.name === 'node_modules');
      if (entry.isSymbolicLink()) return symlink(await readlink(from), to);
      return modules ? linkOrCopy(from, to) : copy(from, to);
    }),
  );
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
