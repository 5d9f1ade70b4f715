import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { Environment } from '../../contract';
import { readConfiguration } from '../../runtime/configuration';
import { COUNTERS, GAUGES } from '../../runtime/counters';

const GUIDE = readFileSync(new URL('../../docs/cache.md', import.meta.url), 'utf8');
const REQUIRED = {
  [Environment.CACHE_BUCKET]: 'bucket',
  [Environment.CACHE_TABLE]: 'table',
  [Environment.CACHE_SITE]: 'shop',
};

interface Row {
  readonly variable: string;
  readonly unit: string;
  readonly range: string;
  readonly standard: string;
}

/** The table of variables, by its columns. */
const ROWS: readonly Row[] = GUIDE.split('\n').flatMap((line) => {
  const [, name = '', , unit = '', range = '', standard = ''] = line.split('|').map((cell) => cell.trim());
  const [, variable] = /^`(NEXTJS_\w+)`$/.exec(name) ?? [];
  return variable === undefined ? [] : [{ variable, unit, range, standard: standard.replaceAll('`', '') }];
});
const BOUNDED = ROWS.filter(({ range }) => range.includes('–') && range !== '–');

describe("the cache's guide", () => {
  it('has every variable once, and no other', () => {
    expect(ROWS.map(({ variable }) => variable).sort()).toEqual(Object.values(Environment).sort());
  });

  it.each(BOUNDED)('says what $variable may be', ({ variable, unit, range }) => {
    const [least = 0, most = 0] = range.split('–').map(numberIn);
    const read = (value: number): unknown => readConfiguration({ ...REQUIRED, [variable]: String(value) });
    for (const value of [least, most]) expect(() => read(value)).not.toThrow();
    for (const value of [least - 1, most + 1]) expect(() => read(value)).toThrow(`(${unit})`);
  });

  it.each(ROWS.filter(({ range }) => range === '0, 1'))('says that $variable is a flag', ({ variable }) => {
    for (const value of ['0', '1']) expect(() => readConfiguration({ ...REQUIRED, [variable]: value })).not.toThrow();
    expect(() => readConfiguration({ ...REQUIRED, [variable]: '2' })).toThrow('must be 0 or 1');
  });

  it.each(ROWS.filter(({ standard }) => /^[\d,]+$/.test(standard)))(
    'says what $variable is by default',
    ({ variable, standard }) => {
      const said = readConfiguration({ ...REQUIRED, [variable]: String(numberIn(standard)) });
      expect(said).toEqual(readConfiguration(REQUIRED));
    },
  );

  it.each([...COUNTERS, ...GAUGES])('says what %s counts', (name) => {
    expect(GUIDE).toMatch(new RegExp(`^\\|[^|]*\`${name.replaceAll('.', '\\.')}\`[^|]*\\| [^|]+\\|$`, 'm'));
  });
});

function numberIn(text: string): number {
  return Number(text.replaceAll(',', ''));
}
