import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { UserError } from '../user-error';

/** Of the folder's layout, and of what the stores write into it. */
const FORMAT = 1;
const DESCRIPTION = 'local-stack.json';
const LOCK = 'lock';

interface Description {
  readonly format: number;
  readonly stack: string;
}

/**
 * The folder in which a stack's objects and items outlive it.
 *
 * ```text
 * local-stack.json   whose data it is, and the version of this layout
 * lock               process id of who uses it
 * s3/ dynamodb/      the stores' own files
 * app/               of apps that keep data in a folder
 * ```
 */
export class DataDirectory {
  /** Makes the folder, or takes it over. @throws UserError when it is another stack's, of another version, in use or not one of ours */
  static open(directory: string, stack: string): DataDirectory {
    const path = resolve(directory);
    mkdirSync(path, { recursive: true });
    describeFolder(path, stack);
    lock(path);
    return new DataDirectory(path);
  }

  /** For the app's own files; it is made by who writes into it. */
  static forApp(directory: string): string {
    return join(resolve(directory), 'app');
  }

  private constructor(private readonly path: string) {}

  get s3(): string {
    return join(this.path, 's3');
  }

  get dynamodb(): string {
    return join(this.path, 'dynamodb');
  }

  /** Lets another stack use it. */
  close(): void {
    rmSync(join(this.path, LOCK), { force: true });
  }
}

function describeFolder(path: string, stack: string): void {
  const file = join(path, DESCRIPTION);
  if (!existsSync(file)) {
    if (readdirSync(path).length > 0) {
      throw refusal(path, `is not empty, and not the data of a local stack (it has no ${DESCRIPTION})`);
    }
    const description: Description = { format: FORMAT, stack };
    writeFileSync(`${file}.new`, `${JSON.stringify(description)}\n`);
    renameSync(`${file}.new`, file);
    return;
  }
  const found = JSON.parse(readFileSync(file, 'utf8')) as Partial<Description>;
  if (found.format !== FORMAT) {
    throw refusal(path, `has the format ${JSON.stringify(found.format)}, and this version reads ${FORMAT}`);
  }
  if (found.stack !== stack) {
    throw refusal(path, `holds the data of stack ${JSON.stringify(found.stack)}, and this is stack "${stack}"`);
  }
}

function lock(path: string): void {
  const file = join(path, LOCK);
  const owner = existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
  if (owner !== undefined && isRunning(owner)) {
    throw refusal(path, `is used by process ${owner}; if that is no local stack, remove ${file}`);
  }
  writeFileSync(file, String(process.pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function refusal(path: string, what: string): UserError {
  return new UserError(`cdk-nextjs-ecs local: the data folder ${path} ${what}. Name another one with --data.`);
}
