import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decodeVerdict, encodeVerdict, type Verdict } from '../../../runtime/cache/verdict';

const verdicts: fc.Arbitrary<Verdict> = fc
  .record({
    kind: fc.constantFrom('APP_PAGE', 'APP_ROUTE', 'NONE'),
    rows: fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.option(fc.nat())), { selector: ([tag]) => tag }),
    horizon: fc.nat(),
    fresh: fc.boolean(),
  })
  .map(({ kind, rows, horizon, fresh }) => ({
    kind,
    tags: rows.map(([tag]) => tag),
    stamp: {
      versions: new Map(rows.flatMap(([tag, version]) => (version === null ? [] : [[tag, version] as const]))),
      horizon,
    },
    fresh,
  }));

describe('the verdict header', () => {
  it('carries every verdict in characters that a header may have', () => {
    fc.assert(
      fc.property(verdicts, (verdict) => {
        const header = encodeVerdict(verdict);
        expect(header).toMatch(/^[\w-]+$/);
        expect(decodeVerdict(header)).toEqual(verdict);
      }),
    );
  });

  it('is nothing where the value is not of its making', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant(undefined), fc.array(fc.string())), (value) => {
        expect(decodeVerdict(value)).toBeUndefined();
      }),
    );
  });
});
