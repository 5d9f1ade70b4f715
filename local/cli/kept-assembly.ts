import { symlinkSync } from 'node:fs';
import { rename } from 'node:fs/promises';

import { linkTree } from '../fleet';

/** An assembly of an earlier start in a folder of this one: at first no more than a link to it. */
export class KeptAssembly {
  constructor(
    private readonly kept: string,
    private readonly directory: string,
  ) {
    // What Windows calls a junction needs no privilege; elsewhere it is a symbolic link like any other.
    symlinkSync(kept, directory, 'junction');
  }

  /**
   * Puts files of our own in place of the link, once there is time: what runs must not lose them when the app is packed anew. Where somebody
   * has just done that, there are none left to have.
   */
  async own(): Promise<void> {
    const [files, link] = [`${this.directory}.files`, `${this.directory}.link`];
    try {
      await linkTree(this.kept, files);
      symlinkSync(files, link, 'junction');
      await rename(link, this.directory);
    } catch {
      // The link stays.
    }
  }
}
