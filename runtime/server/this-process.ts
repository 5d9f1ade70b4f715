import { realpathSync } from 'node:fs';
import path from 'node:path';
import { isMainThread } from 'node:worker_threads';

import type { PackedBuild } from './bundle-facts';

/** Workers, child processes and `next build` may inherit `--import`, and so load the preload too: only the server is to be changed. */
export function isServerProcess({ facts, appDirectory }: PackedBuild): boolean {
  const [, started, ...given] = process.argv;
  const [script, subcommand] = scriptOf(facts.server.command);
  if (!isMainThread || started === undefined || script === undefined) return false;
  if (resolve(started) !== resolve(path.join(appDirectory, script))) return false;
  return subcommand === undefined || subcommand.startsWith('-') || given.includes(subcommand);
}

/** The script among the arguments of `node` (the first that is neither an option nor what `--import` names), and what follows it. */
function scriptOf(command: readonly string[]): readonly string[] {
  const position = command.findIndex(
    (argument, index) => !argument.startsWith('-') && command[index - 1] !== '--import',
  );
  return position === -1 ? [] : command.slice(position);
}

function resolve(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
