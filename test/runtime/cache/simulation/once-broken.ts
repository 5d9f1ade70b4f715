import type { Scenario, Step } from './scenario';

const PLAIN: Omit<Scenario, 'steps'> = {
  seed: 0,
  services: 'maps',
  window: 0,
  offsets: [0, 0, 0],
  latency: 20,
  tagShards: 1,
  mirrorRows: 1000,
  prerendered: false,
  failing: 0,
};

const ON_DEMAND = 3;

/** Scenarios that have broken the promise, as the property test found them: they are run first. */
export const ONCE_BROKEN: readonly Scenario[] = [
  // A mirror with less room than one entry has tags judged it by the rows that were left.
  {
    ...PLAIN,
    mirrorRows: 4,
    steps: [
      step(0, { kind: 'path', page: 0 }),
      step(0, { kind: 'request', page: 0 }),
      step(0, { kind: 'expire', source: 2 }),
      step(0, { kind: 'expire', source: 0 }),
      step(0, { kind: 'on-demand' }),
      step(0, { kind: 'kill' }, 191),
      step(0, { kind: 'kill' }),
      step(0, { kind: 'request', page: 0 }),
      step(0, { kind: 'expire', source: 1 }),
      step(0, { kind: 'request', page: 0 }),
    ],
  },
  // `res.revalidate()` on a replica of the new build was not heard of by those of the old one, and the edge kept their answer.
  {
    ...PLAIN,
    steps: [
      step(0, { kind: 'build' }),
      step(0, { kind: 'request', page: ON_DEMAND }),
      step(2, { kind: 'deploy' }),
      step(2, { kind: 'on-demand' }, 38),
      ...times(3, step(0, { kind: 'expire', source: 0 })),
      step(0, { kind: 'request', page: 0 }),
      step(0, { kind: 'build' }),
    ],
  },
  // `res.revalidate()` was joined to a render that began in the same moment, and wrote no row.
  {
    ...PLAIN,
    seed: 1_613_226_433,
    latency: 300,
    steps: [
      step(1, { kind: 'on-demand' }),
      step(0, { kind: 'request', page: 0 }),
      step(0, { kind: 'expire', source: 0 }),
      step(0, { kind: 'request', page: 0 }, 24),
      step(0, { kind: 'on-demand' }, 191),
      step(0, { kind: 'expire', source: 0 }, 3),
      ...times(2, step(0, { kind: 'expire', source: 0 })),
      step(0, { kind: 'request', page: ON_DEMAND }),
      step(0, { kind: 'request', page: 0 }),
    ],
  },
  // A regeneration that began after a revalidation, but for a request from before it, knew nothing of it, and a later request joined.
  {
    ...PLAIN,
    seed: -2_147_483_613,
    steps: [
      step(0, { kind: 'request', page: 0 }),
      step(0, { kind: 'expire', source: 0 }),
      step(0, { kind: 'path', page: 0 }),
      step(1, { kind: 'request', page: 2 }, 20),
      step(0, { kind: 'expire', source: 0 }),
      step(0, { kind: 'age', source: 0, expire: undefined }),
      step(2, { kind: 'request', page: 1 }, 109),
      step(0, { kind: 'path', page: 0 }),
      step(1, { kind: 'expire', source: 0 }, 12),
      step(0, { kind: 'request', page: 2 }, 47),
      step(0, { kind: 'age', source: 1, expire: undefined }, 303),
      step(1, { kind: 'request', page: 2 }, 8),
      step(0, { kind: 'path', page: 2 }),
      step(0, { kind: 'age', source: 0, expire: undefined }, 227),
      step(1, { kind: 'request', page: 2 }),
      ...times(2, step(0, { kind: 'request', page: 0 })),
      step(0, { kind: 'kill' }, 33),
      step(0, { kind: 'request', page: 0 }, 70),
      step(0, { kind: 'deploy' }, 86),
    ],
  },
];

/** The same, of scenarios with storms. */
export const ONCE_BROKEN_IN_STORMS: readonly Scenario[] = [
  // Data made of a datum that nothing proved new counted as new: it was generated outside of the request that had noted the datum.
  {
    ...PLAIN,
    latency: 300,
    mirrorRows: 2,
    steps: [
      step(0, { kind: 'request', page: 3 }),
      step(0, { kind: 'request', page: 1 }),
      step(0, { kind: 'request', page: 1 }, 761),
      step(0, { kind: 'expire', source: 1 }, 22),
      step(0, { kind: 'path', page: 2 }, 870),
      step(0, { kind: 'expire', source: 0 }, 23),
      step(1, { kind: 'request', page: 2 }, 1191),
      step(0, { kind: 'request', page: 3 }, 386),
      step(0, { kind: 'request', page: 0 }, 2931),
      step(0, { kind: 'request', page: 2 }, 1),
      step(0, { kind: 'request', page: 0 }, 59),
      step(0, { kind: 'request', page: 0 }, 161),
      step(0, { kind: 'storm', refused: 1, lost: 0, hung: 0, slow: 0 }, 248),
      step(0, { kind: 'path', page: 'layout' }),
      step(1, { kind: 'kill' }),
      step(0, { kind: 'expire', source: 0 }),
      step(1, { kind: 'storm', refused: 0, lost: 0, hung: 0, slow: 0 }, 851),
      step(0, { kind: 'request', page: 0 }, 6),
    ],
  },
  // A datum whose tags the table could not be asked for went into a page that counted as having seen them.
  {
    ...PLAIN,
    seed: 1_300_685_519,
    window: 1000,
    latency: 300,
    mirrorRows: 2,
    steps: [
      step(2, { kind: 'request', page: 1 }),
      step(0, { kind: 'request', page: 1 }, 22),
      step(0, { kind: 'request', page: 2 }, 1055),
      step(1, { kind: 'request', page: 2 }),
      step(0, { kind: 'request', page: 2 }, 1376),
      step(0, { kind: 'expire', source: 1 }, 1746),
      step(0, { kind: 'request', page: 3 }, 63),
      step(0, { kind: 'path', page: 0 }, 220),
      step(0, { kind: 'request', page: 0 }, 105),
      step(0, { kind: 'storm', refused: 0.1, lost: 0, hung: 0.1, slow: 0 }),
      step(0, { kind: 'request', page: 1 }, 520),
      ...times(2, step(0, { kind: 'request', page: 0 })),
    ],
  },
];

type Kind = Step extends infer Each ? (Each extends Step ? Omit<Each, 'pause' | 'replica'> : never) : never;

function step(replica: number, kind: Kind, pause = 0): Step {
  return { pause, replica, ...kind };
}

function times(count: number, repeated: Step): Step[] {
  return Array.from({ length: count }, () => repeated);
}
