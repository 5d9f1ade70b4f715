import fc from 'fast-check';

/** Something that happens in a simulated fleet, `pause` milliseconds after the thing before it began. */
export type Step = { readonly pause: number; readonly replica: number } & (
  | { readonly kind: 'request'; readonly page: number }
  | { readonly kind: 'expire'; readonly source: number }
  | { readonly kind: 'age'; readonly source: number; readonly expire: number | undefined }
  | { readonly kind: 'on-demand' }
  | { readonly kind: 'kill' }
  | { readonly kind: 'storm'; readonly refused: number; readonly lost: number; readonly hung: number }
  | { readonly kind: 'calm' }
);

export interface Scenario {
  readonly seed: number;
  readonly window: number;
  /** How far each replica's clock is off, in milliseconds. */
  readonly offsets: readonly number[];
  readonly steps: readonly Step[];
}

const place = { pause: fc.oneof(fc.nat(30), fc.nat(400), fc.nat(3000)), replica: fc.nat(2) };
const page = fc.nat(3);
const source = fc.nat(2);

const request = fc.record({ ...place, kind: fc.constant('request' as const), page });
const expire = fc.record({ ...place, kind: fc.constant('expire' as const), source });
const age = fc.record({
  ...place,
  kind: fc.constant('age' as const),
  source,
  expire: fc.constantFrom(undefined, 2, 31_536_000),
});
const onDemand = fc.record({ ...place, kind: fc.constant('on-demand' as const) });
const kill = fc.record({ ...place, kind: fc.constant('kill' as const) });
const storm = fc.record({
  ...place,
  kind: fc.constant('storm' as const),
  refused: fc.constantFrom(0, 0.1, 1),
  lost: fc.constantFrom(0, 0.1, 0.5),
  hung: fc.constantFrom(0, 0.1, 1),
});
const calm = fc.record({ ...place, kind: fc.constant('calm' as const) });

const wrongClocks = fc.constantFrom([0, 0, 0], [0, 900, -900], [2000, 0, 0], [0, -60_000, 0], [60_000, 0, -60_000]);

function scenarioOf(step: fc.Arbitrary<Step>): fc.Arbitrary<Scenario> {
  return fc.record({
    seed: fc.integer(),
    window: fc.constantFrom(0, 100, 1000),
    offsets: wrongClocks,
    steps: fc.array(step, { minLength: 5, maxLength: 45, size: 'max' }),
  });
}

/** Stores that answer, though slowly and in any order; replicas that die. */
export const fairScenario: fc.Arbitrary<Scenario> = scenarioOf(
  fc.oneof(
    { weight: 12, arbitrary: request },
    { weight: 4, arbitrary: expire },
    { weight: 1, arbitrary: age },
    { weight: 1, arbitrary: onDemand },
    { weight: 1, arbitrary: kill },
  ),
);

/** The same, and stores that refuse, hang or lose answers. */
export const stormyScenario: fc.Arbitrary<Scenario> = scenarioOf(
  fc.oneof(
    { weight: 12, arbitrary: request },
    { weight: 4, arbitrary: expire },
    { weight: 1, arbitrary: age },
    { weight: 1, arbitrary: onDemand },
    { weight: 1, arbitrary: kill },
    { weight: 2, arbitrary: storm },
    { weight: 1, arbitrary: calm },
  ),
);
