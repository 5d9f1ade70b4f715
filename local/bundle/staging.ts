import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { Bundle } from '../../contract';
import { BundleError } from './error';
import { isFile } from './files';
import { beforeInterrupt } from './interrupt';

/** A folder beside its final place that takes this place when it is complete, and leaves nothing behind when it never is. */
export class Staging {
  readonly directory: string;
  private readonly replaced: string;
  private readonly release: () => void;

  constructor(readonly destination: string) {
    if (
      existsSync(destination) &&
      readdirSync(destination).length > 0 &&
      !isFile(join(destination, Bundle.FACTS_FILE))
    ) {
      throw new BundleError(
        `${destination} exists and is no bundle, so it is not replaced. Name another folder, or remove it.`,
      );
    }
    const own = `${destination}.${String(process.pid)}-${randomBytes(4).toString('hex')}`;
    this.directory = `${own}.new`;
    this.replaced = `${own}.old`;
    this.removeLeftovers();
    mkdirSync(this.directory, { recursive: true });
    this.release = beforeInterrupt(() => {
      this.discard();
    });
  }

  /** Puts the folder in its place, instead of what was there. */
  commit(): void {
    while (!this.takePlace());
    this.release();
    rmSync(this.replaced, { recursive: true, force: true });
  }

  discard(): void {
    this.release();
    if (existsSync(this.replaced) && !existsSync(this.destination)) renameSync(this.replaced, this.destination);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** False where another packer took the place in between. */
  private takePlace(): boolean {
    rmSync(this.replaced, { recursive: true, force: true });
    if (existsSync(this.destination)) renameSync(this.destination, this.replaced);
    try {
      renameSync(this.directory, this.destination);
      return true;
    } catch (error) {
      if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false;
      throw error;
    }
  }

  /** Folders of packers that were killed. */
  private removeLeftovers(): void {
    const parent = dirname(this.destination);
    if (!existsSync(parent)) return;
    const prefix = `${basename(this.destination)}.`;
    for (const name of readdirSync(parent)) {
      const [, pid] =
        /^(\d+)-[0-9a-f]+\.(?:new|old)$/.exec(name.startsWith(prefix) ? name.slice(prefix.length) : '') ?? [];
      if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(parent, name), { recursive: true, force: true });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
