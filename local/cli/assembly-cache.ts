import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { Bundle, type BundleFacts } from '../../contract';
import { tryReadJson, walk } from '../bundle/files';
import { linkTree } from '../fleet';
import { KeptAssembly } from './kept-assembly';

/** Below Next.js' output, where Next.js keeps what it would rather not make anew, and version control keeps nothing. */
const FOLDER = join('cache', 'cdk-nextjs-ecs');

/** Of this package, what an assembly is made with, as far as it is there: an installed one has no sources. */
const MAKERS = [
  'package.json',
  'cdk.json',
  'assets',
  'bin',
  'contract',
  'lib',
  'dist/bin',
  'dist/contract',
  'dist/lib',
];

/**
 * The latest assembly that was synthesized for an app, used again while neither the app's bundle nor this package has changed: to
 * synthesize takes longer than to start.
 *
 * @see https://nextjs.org/docs/app/guides/ci-build-caching
 */
export class AssemblyCache {
  private readonly directory?: string;

  /**
   * @param app folder of the app, packed
   * @param makers folder of this package
   */
  constructor(
    private readonly app: string,
    private readonly makers: string,
  ) {
    const facts = tryReadJson(join(app, Bundle.DIRECTORY, Bundle.FACTS_FILE)) as BundleFacts | undefined;
    const output = join(app, facts?.server.distDirectory ?? '');
    // A bundle may have come without the build that it was packed from.
    if (facts !== undefined && existsSync(join(output, 'BUILD_ID'))) this.directory = join(output, FOLDER);
  }

  /** Places what would be synthesized in a folder that is not there yet; undefined where it has to be synthesized. */
  tryPlace(directory: string): KeptAssembly | undefined {
    const kept = this.tryPath();
    return kept !== undefined && existsSync(kept) ? new KeptAssembly(kept, directory) : undefined;
  }

  /** Keeps what was synthesized, in place of what was before. An app that cannot be written to keeps nothing. */
  async keep(assembly: string): Promise<void> {
    const place = this.tryPath();
    if (this.directory === undefined || place === undefined) return;
    if (!tryMakeFolder(this.directory)) return;
    const unfinished = `${place}.${process.pid}`;
    try {
      await linkTree(assembly, unfinished);
      for (const name of readdirSync(this.directory)) {
        const path = join(this.directory, name);
        if (path !== unfinished) rmSync(path, { recursive: true, force: true });
      }
      renameSync(unfinished, place);
    } catch {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }

  private tryPath(): string | undefined {
    return this.directory === undefined ? undefined : join(this.directory, this.digest());
  }

  /** Names, sizes and times: the contents would take longer to read than they save. */
  private digest(): string {
    const hash = createHash('sha256').update(process.version);
    for (const path of [join(this.app, Bundle.DIRECTORY), ...MAKERS.map((name) => join(this.makers, name))]) {
      for (const file of filesOf(path)) {
        const { size, mtimeMs } = lstatSync(file);
        hash.update(JSON.stringify([file, size, mtimeMs]));
      }
    }
    return hash.digest('hex').slice(0, 16);
  }
}

function tryMakeFolder(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

function filesOf(path: string): Iterable<string> {
  if (!existsSync(path)) return [];
  return lstatSync(path).isDirectory() ? walk(path) : [path];
}
