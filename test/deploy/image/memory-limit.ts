import { readFileSync } from 'node:fs';

/**
 * What the kernel lets a process and those beside it hold, in bytes; undefined where this machine's control groups do not tell.
 *
 * @param cgroup of `/proc/<pid>/cgroup`, of the first version or the second
 */
export function readMemoryLimit(cgroup: string): number | undefined {
  const first = /^\d+:memory:(.+)$/m.exec(cgroup)?.[1];
  const second = /^0::(.+)$/m.exec(cgroup)?.[1];
  const file =
    first === undefined
      ? `/sys/fs/cgroup${second ?? ''}/memory.max`
      : `/sys/fs/cgroup/memory${first}/memory.limit_in_bytes`;
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
