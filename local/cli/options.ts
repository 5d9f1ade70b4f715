import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { InvalidArgumentError } from 'commander';

/** More replicas than this is a mistyped number: each is a server of its own on this machine. */
const MOST_REPLICAS = 50;

const HIGHEST_PORT = 65_535;

/** A year: Next's own 'max'. */
const LONGEST_EXPIRY = 31_536_000;

/** Parsers of the options' values; what they refuse, the command line tool reports with exit code 2. */
export function port(value: string): number {
  return integer(value, 0, HIGHEST_PORT, 'a port, or 0 for any free one');
}

export function replicas(value: string): number {
  return integer(value, 1, MOST_REPLICAS, 'a number of replicas');
}

function integer(value: string, least: number, most: number, what: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= least && number <= most) return number;
  throw new InvalidArgumentError(`Must be ${what}, from ${least} to ${most}.`);
}

/** `KEY=VALUE`, again and again; the value may be empty and may hold further equals signs. */
export function variable(value: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/.exec(value) ?? [];
  if (name === undefined)
    throw new InvalidArgumentError('Must be KEY=VALUE, with a key of letters, digits and underscores.');
  return { ...previous, [name]: text ?? '' };
}

/** `NAME=DIR`, again and again. */
export function container(value: string, previous: Record<string, string> = {}): Record<string, string> {
  const [, name, directory] = /^([^=]+)=(.+)$/.exec(value) ?? [];
  if (name === undefined || directory === undefined)
    throw new InvalidArgumentError('Must be NAME=DIR: a container and a folder.');
  return { ...previous, [name]: folder(directory) };
}

/** A pattern of files, again and again. */
export function pattern(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

/** An existing file, as an absolute path. */
export function file(value: string): string {
  const path = resolve(value);
  if (existsSync(path) && statSync(path).isFile()) return path;
  throw new InvalidArgumentError(`There is no file ${path}.`);
}

/** An architecture of Fargate, as Node.js names it. */
export function architecture(value: string): string {
  if (value === 'arm64' || value === 'x64') return value;
  throw new InvalidArgumentError('Must be arm64 or x64.');
}

/** A whole number of seconds. */
export function seconds(value: string): number {
  return integer(value, 1, LONGEST_EXPIRY, 'a number of seconds');
}

/** The second argument of Next's `revalidatePath`. */
export function pathType(value: string): 'page' | 'layout' {
  if (value === 'page' || value === 'layout') return value;
  throw new InvalidArgumentError('Must be page or layout.');
}

/** A folder that may still have to be made, as an absolute path. */
export function anyPath(value: string): string {
  return resolve(value);
}

/** A path of the site, again and again. */
export function sitePath(value: string, previous: readonly string[] = []): string[] {
  if (value.startsWith('/')) return [...previous, value];
  throw new InvalidArgumentError('Must be a path of the site, beginning with /.');
}

/** An address of this machine. */
export function url(value: string): string {
  if (URL.canParse(value) && value.startsWith('http')) return value;
  throw new InvalidArgumentError('Must be an address such as http://127.0.0.1:4001.');
}

/** An existing folder, as an absolute path. */
export function folder(value: string): string {
  const path = resolve(value);
  if (existsSync(path) && statSync(path).isDirectory()) return path;
  throw new InvalidArgumentError(`There is no folder ${path}.`);
}
