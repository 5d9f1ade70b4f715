import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { Shape } from './shape';

/** What a documented difference makes of an answer of plain Next. */
export type Difference = (plain: Shape) => Shape;

const DOCUMENT = path.resolve(import.meta.dirname, '../../../docs/differences.md');

/** The names in the first column of the document's table. */
export function documentedDifferences(): readonly string[] {
  const lines = readFileSync(DOCUMENT, 'utf8').split('\n');
  return lines.flatMap((line) => /^\| `(?<name>[a-z-]+)` /.exec(line)?.groups?.name ?? []);
}

function withCacheControl(value: string): Difference {
  return (plain) => ({ ...plain, headers: { ...plain.headers, 'cache-control': value } });
}

/** Differences of single answers, by their names in the document. */
export const DIFFERENCES = {
  'stale-capped': withCacheControl('s-maxage=1'),
  'not-found-capped': withCacheControl('s-maxage=10'),
  'lifetime-unsaid': withCacheControl('private, no-cache'),
  'redirect-private': withCacheControl('private'),
  'one-viewer': withCacheControl('private, no-cache, no-store, max-age=0, must-revalidate'),
  // The storefront's meadow vase: five by the catalogue, seven since.
  'build-data': (plain) => ({
    ...plain,
    body: plain.body
      .replace('data-stock="5">5<', 'data-stock="7">7<')
      .replace(/("data-stock": )5(,\s*"children": )5/, (_, stock: string, children: string) => `${stock}7${children}7`),
  }),
} satisfies Record<string, Difference>;

export type DifferenceName = keyof typeof DIFFERENCES;

/** Headers that only the fleet's answers may carry, by the name of the difference in the document. */
export const ADDED_HEADERS = {
  'x-nextjs-cache-tag': 'cache-tags',
  'x-accel-buffering': 'unbuffered',
} as const;
