import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { record, text } from '../properties';
import { SCRATCH_PREFIX } from './scratch';

/** A local stack of this user, as another process finds it. */
export interface RunningStack {
  readonly stack: string;
  /** Address of the site. */
  readonly url: string;
  /** Address of the control interface. */
  readonly control: string;
}

const FILE = 'running.json';

/** Lets other processes find a stack for as long as its folder is there. */
export function announce(directory: string, stack: RunningStack): void {
  writeFileSync(join(directory, FILE), JSON.stringify({ ...stack, pid: process.pid }), { mode: 0o600 });
}

/** The stacks of this user that run now. */
export function findRunningStacks(): RunningStack[] {
  const folders = readdirSync(tmpdir()).filter((name) => name.startsWith(SCRATCH_PREFIX));
  return folders.flatMap((name) => tryRead(join(tmpdir(), name, FILE)) ?? []);
}

/** Undefined for folders of other users, of other use, and of processes that are gone. */
function tryRead(file: string): RunningStack | undefined {
  try {
    const { pid, ...announced } = record(JSON.parse(readFileSync(file, 'utf8')));
    process.kill(Number(pid), 0);
    const [stack, url, control] = [text(announced.stack), text(announced.url), text(announced.control)];
    return stack !== undefined && url !== undefined && control !== undefined ? { stack, url, control } : undefined;
  } catch {
    return undefined;
  }
}
