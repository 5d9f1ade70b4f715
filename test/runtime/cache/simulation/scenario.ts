import fc from 'fast-check';

/** Something that happens in a simulated fleet, `pause` milliseconds after the thing before it began. */
export type Step = { readonly pause: number; readonly replica: number } & (
  | { readonly kind: 'request'; readonly page: number }
  /** `revalidateTag(tag)`, `updateTag(tag)`. */
  | { readonly kind: 'expire'; readonly source: number }
  /** `revalidateTag(tag, profile)`. */
  | { readonly kind: 'age'; readonly source: number; readonly expire: number | undefined }
  /** `revalidatePath(page)`, or of the layout, which is all of them. */
  | { readonly kind: 'path'; readonly page: number | 'layout' }
  /** `res.revalidate()`. */
  | { readonly kind: 'on-demand' }
  /** The replica is killed and another started in its place. */
  | { readonly kind: 'kill' }
  /** `next build` begins: its pages are the sources' present editions. */
  | { readonly kind: 'build' }
  /** The replica is replaced by one of the latest build. */
  | { readonly kind: 'deploy' }
  | {
      readonly kind: 'storm';
      readonly refused: number;
      readonly lost: number;
      readonly hung: number;
      readonly slow: number;
    }
  | { readonly kind: 'calm' }
);

export interface Scenario {
  readonly seed: number;
  /** Whether the tags are in a map, or in the table's own store over an implementation of the table. */
  readonly services: 'maps' | 'table';
  readonly window: number;
  /** How far each replica's clock is off, in milliseconds. */
  readonly offsets: readonly number[];
  /** Longest way to a store, each direction, in milliseconds. */
  readonly latency: number;
  readonly tagShards: number;
  /** Rows that a mirror has room for. */
  readonly mirrorRows: number;
  /** Whether the build has prerendered the pages. */
  readonly prerendered: boolean;
  /** How often a render fails. */
  readonly failing: number;
  readonly steps: readonly Step[];
}

const place = { pause: fc.oneof(fc.nat(30), fc.nat(400), fc.nat(3000)), replica: fc.nat(2) };
const page = fc.nat(3);
const source = fc.nat(2);

/** A kind of step; `extra` are its further properties. */
function stepOf<Kind extends Step['kind'], Extra extends object>(
  kind: Kind,
  extra: fc.Arbitrary<Extra>,
): fc.Arbitrary<{ readonly pause: number; readonly replica: number; readonly kind: Kind } & Extra> {
  return fc.tuple(fc.record(place), extra).map(([at, more]) => ({ ...at, kind, ...more }));
}

const none = fc.constant({});

/** Stores that answer, though slowly and in any order; replicas that die and are replaced. */
const FAIR_STEPS: fc.WeightedArbitrary<Step>[] = [
  { weight: 24, arbitrary: stepOf('request', fc.record({ page })) },
  { weight: 7, arbitrary: stepOf('expire', fc.record({ source })) },
  { weight: 2, arbitrary: stepOf('age', fc.record({ source, expire: fc.constantFrom(undefined, 2, 31_536_000) })) },
  { weight: 2, arbitrary: stepOf('path', fc.record({ page: fc.oneof(fc.nat(2), fc.constant('layout' as const)) })) },
  { weight: 2, arbitrary: stepOf('on-demand', none) },
  { weight: 2, arbitrary: stepOf('kill', none) },
  { weight: 1, arbitrary: stepOf('build', none) },
  { weight: 1, arbitrary: stepOf('deploy', none) },
];

const WORST = {
  refused: fc.constantFrom(0, 0.1, 1),
  lost: fc.constantFrom(0, 0.1, 0.5),
  hung: fc.constantFrom(0, 0.1, 1),
};

/** Stores that refuse, hang, lose answers or take their time. */
const STORMY_STEPS: fc.WeightedArbitrary<Step>[] = [
  ...FAIR_STEPS,
  { weight: 4, arbitrary: stepOf('storm', fc.record({ ...WORST, slow: fc.constantFrom(0, 300, 3000) })) },
  { weight: 2, arbitrary: stepOf('calm', none) },
];

/** Within the bound that the cache is told of, and beyond. */
const CLOCKS = fc.constantFrom(
  [0, 0, 0],
  [0, 900, -900],
  [2000, 0, -2000],
  [-2000, 2000, 2000],
  [0, -60_000, 0],
  [60_000, 0, -60_000],
);

function scenarioOf(steps: fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Scenario> {
  return fc.record({
    seed: fc.integer(),
    services: fc.constantFrom('maps', 'maps', 'table'),
    window: fc.constantFrom(0, 100, 1000),
    offsets: CLOCKS,
    latency: fc.constantFrom(20, 20, 300),
    tagShards: fc.constantFrom(1, 3),
    mirrorRows: fc.constantFrom(1000, 1000, 2, 4),
    prerendered: fc.boolean(),
    failing: fc.constantFrom(0, 0, 0.2),
    steps: fc.array(fc.oneof(...steps), { minLength: 5, maxLength: 45, size: 'max' }),
  });
}

export const fairScenario: fc.Arbitrary<Scenario> = scenarioOf(FAIR_STEPS);
export const stormyScenario: fc.Arbitrary<Scenario> = scenarioOf(STORMY_STEPS);
