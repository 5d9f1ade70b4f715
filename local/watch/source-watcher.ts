import { type FSWatcher, statSync, watch } from 'node:fs';
import { join, sep } from 'node:path';

import type { Sources } from './sources';

/** Editors and version control write many files at once: a change counts when it has been quiet for so long, in milliseconds. */
const QUIET = 200;

/**
 * Tells when something among the sources has changed.
 *
 * One watch a folder, because a recursive one of Node.js would also watch all of `node_modules`, which the system's limits do not bear.
 */
export class SourceWatcher {
  private readonly watchers = new Map<string, FSWatcher>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly sources: Sources,
    private readonly onChange: () => void,
  ) {
    this.add(sources.directory);
  }

  close(): void {
    clearTimeout(this.timer);
    this.remove(this.sources.directory);
  }

  private add(folder: string): void {
    for (const path of this.sources.folders(folder)) {
      if (this.watchers.has(path)) continue;
      const watcher = watch(path, (_event, name) => {
        if (name !== null) this.see(join(path, name));
      });
      watcher.on('error', () => {
        this.remove(path);
      });
      this.watchers.set(path, watcher);
    }
  }

  private remove(folder: string): void {
    for (const [path, watcher] of this.watchers) {
      if (path !== folder && !path.startsWith(folder + sep)) continue;
      watcher.close();
      this.watchers.delete(path);
    }
  }

  private see(path: string): void {
    if (!this.sources.include(path)) return;
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) this.remove(path);
    else if (stats.isDirectory()) this.add(path);
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onChange, QUIET);
  }
}
