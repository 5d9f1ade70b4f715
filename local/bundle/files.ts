import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, extname, join, relative, sep } from 'node:path';

/** Path of `to` as seen from the folder `from`, with forward slashes; `.` for the folder itself. */
export function posixRelative(from: string, to: string): string {
  return relative(from, to).split(sep).join('/') || '.';
}

/** Whether `path` is `directory` or lies below it. */
export function isInside(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
}

/** `directory` and the folders above it, nearest first. */
export function ancestors(directory: string): string[] {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
}

export function isFile(path: string): boolean {
  return tryStat(path)?.isFile() === true;
}

export function isDirectory(path: string): boolean {
  return tryStat(path)?.isDirectory() === true;
}

/** Undefined too where links lead in a circle or through a file. */
function tryStat(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** What a symbolic link says; undefined where there is none. */
export function tryReadLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** The parsed content of a JSON file; undefined where there is no such file. */
export function tryReadJson(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/**
 * The files below a folder in a fixed order. Symbolic links are listed, not followed.
 *
 * @param skip left out where it answers true, with all that is below
 */
export function* walk(directory: string, skip: (path: string) => boolean = () => false): Generator<string> {
  const names = readdirSync(directory).sort();
  for (const path of names.map((name) => join(directory, name))) {
    if (skip(path)) continue;
    if (lstatSync(path).isDirectory()) yield* walk(path, skip);
    else yield path;
  }
}

/** Environment files hold secrets, and version control and earlier bundles are no part of an app: no bundle ever holds them. */
export function isNeverPacked(path: string): boolean {
  const name = basename(path);
  return name === '.env' || name.startsWith('.env.') || name === '.git' || name.startsWith('.cdk-nextjs-ecs');
}

/** `main.js.map`, not `treasure.map`. */
export function isSourceMap(path: string): boolean {
  return path.endsWith('.map') && SOURCE_EXTENSIONS.has(extname(path.slice(0, -'.map'.length)));
}

const SOURCE_EXTENSIONS = new Set(['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts', '.css']);
