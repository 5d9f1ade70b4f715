import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Bundle, type BundleFacts } from '../../../contract';
import { packBundle } from '../../../local/bundle';
import { silentProgress } from '../../../local/progress';
import { prepareApp } from '../../fixtures/prepare';

/** An app, the fixture unless another is named, as its image would hold it. */
export class PackedApp {
  static async pack(version: string): Promise<PackedApp> {
    return PackedApp.packBuilt(await prepareApp(version));
  }

  /** Any app that is built. */
  static async packBuilt(appDirectory: string): Promise<PackedApp> {
    const directory = await mkdtemp(path.join(tmpdir(), 'packed-app-'));
    const { facts } = await packBundle({
      appDirectory,
      outDirectory: path.join(directory, Bundle.DIRECTORY),
      skipBuild: true,
      progress: silentProgress,
    });
    return new PackedApp(directory, facts);
  }

  private constructor(
    /** As an app's own folder: it holds the bundle. */
    readonly directory: string,
    readonly facts: BundleFacts,
  ) {}

  /** The image's root. */
  get root(): string {
    return path.join(this.directory, Bundle.DIRECTORY, Bundle.SERVER_DIRECTORY);
  }

  /** A copy that a test may change. */
  async copy(): Promise<PackedApp> {
    const directory = await mkdtemp(path.join(tmpdir(), 'packed-app-'));
    await cp(this.directory, directory, { recursive: true, preserveTimestamps: true });
    return new PackedApp(directory, this.facts);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }
}
