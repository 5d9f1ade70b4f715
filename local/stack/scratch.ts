import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Watchdog } from '../fleet';

/** A temporary folder and a watchdog, which removes it even when this process is killed. */
export class Scratch {
  readonly directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-local-'));
  readonly watchdog = new Watchdog();

  constructor() {
    this.watchdog.guardDirectory(this.directory);
  }

  /** Removes the folder, with whatever is in it. */
  async close(): Promise<void> {
    await this.watchdog.close();
  }
}
