import { join, resolve } from 'node:path';

import type { NextApp } from './app';
import { BundleError } from './error';
import { isDirectory, isFile, isNeverPacked, posixRelative, walk } from './files';

/**
 * The files that patterns name, relative to the app's folder, for what a server reads by names that no tracing sees. `*` is part of a
 * name, `**` any number of folders, `?` one character, `{a,b}` either.
 *
 * @throws where a pattern matches nothing: it is mistyped, or what it means is made only later
 */
export function includedFiles(app: NextApp, patterns: readonly string[]): string[] {
  return [...new Set(patterns.flatMap((pattern) => matchingFiles(app, pattern)))];
}

function matchingFiles(app: NextApp, pattern: string): string[] {
  const segments = pattern.split('/');
  const firstMagic = segments.findIndex((segment) => /[*?{]/.test(segment));
  const fixed = firstMagic === -1 ? segments : segments.slice(0, firstMagic);
  const base = resolve(app.directory, ...fixed);
  const found = firstMagic === -1 && isFile(base) ? [base] : filesBelow(base, segments.slice(fixed.length).join('/'));
  if (found.length > 0) return found;
  throw new BundleError(
    `--include ${pattern} matches no file in ${app.directory}. Give a pattern relative to that folder, for example 'content/**'.`,
  );
}

/** A folder by itself stands for all that is in it. */
function filesBelow(base: string, pattern: string): string[] {
  if (!isDirectory(base)) return [];
  const expression = globExpression(pattern === '' ? '**' : pattern);
  const skip = (path: string): boolean => isNeverPacked(path) || path === join(base, 'node_modules');
  return [...walk(base, skip)].filter((path) => isFile(path) && expression.test(posixRelative(base, path)));
}

function globExpression(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\{[^}]*\}|[\\^$.|+()[\]]/g, (token) => {
    if (token === '**/') return '(?:[^/]+/)*';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.startsWith('{')) return `(?:${token.slice(1, -1).split(',').map(literal).join('|')})`;
    return literal(token);
  });
  return new RegExp(`^${source}$`);
}

function literal(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
