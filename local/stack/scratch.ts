import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Watchdog } from '../fleet';

/** Begin of the folders' names. */
export const SCRATCH_PREFIX = 'cdk-nextjs-ecs-local-';

/** A temporary folder and a watchdog, which removes it even when this process is killed. */
export class Scratch {
  readonly directory = mkdtempSync(join(tmpdir(), SCRATCH_PREFIX));
  readonly watchdog = new Watchdog();

  constructor() {
    this.watchdog.guardDirectory(this.directory);
  }

  /** Removes the folder, with whatever is in it. */
  async close(): Promise<void> {
    await this.watchdog.close();
  }
}
