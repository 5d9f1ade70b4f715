import {
  constants,
  copyFileSync,
  type Dirent,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

/** Longest that others wait for their turn, in milliseconds. */
const SLICE = 2;

/**
 * Gives a replica its own view of an image's tree, as a container has: what it writes, no other replica sees.
 *
 * Modules are hard links, because no server writes to them and they are most of the bytes; everything else is a copy (a clone,
 * where the file system can). Modification times are kept: Next.js takes the age of prerendered pages from them.
 *
 * @param signal aborts it
 */
export async function createWorkspace(source: string, destination: string, signal?: AbortSignal): Promise<void> {
  await new TreeCopy(signal).copy(source, destination, false);
}

/** A tree that stays when the other one goes, for who only reads it: hard links alone, where the file system can. */
export async function linkTree(source: string, destination: string): Promise<void> {
  await new TreeCopy().copy(source, destination, true);
}

/**
 * Synchronous calls take half the time of others, whose threads only meet at the file system's locks. After each few of them others have their
 * turn.
 */
class TreeCopy {
  private since = performance.now();

  constructor(private readonly signal?: AbortSignal) {}

  async copy(source: string, destination: string, isLinked: boolean): Promise<void> {
    mkdirSync(destination, { recursive: true });
    for (const entry of readdirSync(source, { withFileTypes: true })) {
      const [from, to] = [join(source, entry.name), join(destination, entry.name)];
      if (entry.isDirectory()) await this.copy(from, to, isLinked || entry.name === 'node_modules');
      else copyEntry(entry, from, to, isLinked);
      if (performance.now() - this.since > SLICE) await this.pause();
    }
  }

  private async pause(): Promise<void> {
    await turn();
    this.signal?.throwIfAborted();
    this.since = performance.now();
  }
}

function copyEntry(entry: Dirent, from: string, to: string, isLinked: boolean): void {
  if (entry.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else if (isLinked) linkOrCopy(from, to);
  else copy(from, to);
}

/** Another file system (a /tmp in memory) takes no hard link. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copy(from, to);
  }
}

function copy(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  const { atime, mtime } = lstatSync(from);
  utimesSync(to, atime, mtime);
}
