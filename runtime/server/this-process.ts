import { realpathSync } from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';

import type { PackedBuild } from './bundle-facts';

/** Workers and child processes inherit `--import`, and so load the preload too: only the server itself is to be changed. */
export function isServerProcess({ facts, appDirectory }: PackedBuild): boolean {
  const started = process.argv[1];
  const entry = scriptOf(facts.server.command);
  if (!isMainThread || started === undefined || entry === undefined) return false;
  return resolve(started) === resolve(path.join(appDirectory, entry));
}

/** The script among the arguments of `node`: the first that is neither an option nor what `--import` names. */
function scriptOf(command: readonly string[]): string | undefined {
  return command.find((argument, index) => !argument.startsWith('-') && command[index - 1] !== '--import');
}

function resolve(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
