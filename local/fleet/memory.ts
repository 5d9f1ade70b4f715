import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Bytes that a process and its descendants hold and cannot give back: what a container's limit is compared with. `pid` leads a process
 * group of its own. Undefined where this machine does not tell.
 */
export function usedBytes(pid: number): Promise<number | undefined> {
  return existsSync('/proc/self/status') ? usedByTree(pid) : usedByGroup(pid);
}

/** Linux: memory of their own and shared memory, but not what is only mapped from files, which the kernel takes back first. */
async function usedByTree(pid: number): Promise<number> {
  const [status, children] = await Promise.all([tryRead(`/proc/${pid}/status`), childrenOf(pid)]);
  const sizes = [...status.matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB$/gm)].map(([, size]) => Number(size) * 1024);
  const below = await Promise.all(children.map(usedByTree));
  return [...sizes, ...below].reduce((sum, bytes) => sum + bytes, 0);
}

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => tryRead(`/proc/${pid}/task/${thread}/children`)));
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}

/** A process may end while it is looked at. */
function tryRead(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** Elsewhere: all that is resident, mapped files included. */
export async function usedByGroup(pid: number): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pgid=,rss=']);
    const rows = stdout.split('\n').map((row) => row.trim().split(/\s+/).map(Number));
    return rows.reduce((sum, [group, kilobytes = 0]) => (group === pid ? sum + kilobytes * 1024 : sum), 0);
  } catch {
    return undefined;
  }
}
