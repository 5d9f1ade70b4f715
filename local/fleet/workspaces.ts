import { rename } from 'node:fs/promises';
import { join } from 'node:path';

import { createWorkspace } from './workspace';

/** Workspaces, some of which are made before a task wants them: while something else is waited for. */
export class Workspaces {
  private readonly made = new Map<string, Promise<string>[]>();
  private readonly end = new AbortController();
  private work: Promise<unknown> = Promise.resolve();
  private lastId = 0;

  /** @param directory where they are until a task takes them, on the tasks' file system */
  constructor(private readonly directory: string) {}

  /** Begins to make some, one after another. What goes wrong shows when one is wanted. */
  prepare(source: string, count: number): void {
    const made = Array.from({ length: count }, () => this.make(source));
    this.made.set(source, [...(this.made.get(source) ?? []), ...made]);
  }

  /** One that was made before, or else a new one. */
  async place(source: string, destination: string): Promise<void> {
    const made = await this.made
      .get(source)
      ?.shift()
      ?.catch(() => undefined);
    if (made === undefined) await createWorkspace(source, destination);
    else await rename(made, destination);
  }

  /** Makes no more; fulfilled when none is being made. */
  async close(): Promise<void> {
    this.end.abort();
    await this.work;
  }

  private make(source: string): Promise<string> {
    const path = join(this.directory, `workspace-${++this.lastId}`);
    const made = this.work.then(() => createWorkspace(source, path, this.end.signal)).then(() => path);
    this.work = made.catch(() => undefined);
    return made;
  }
}
