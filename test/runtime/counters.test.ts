import { afterEach, describe, expect, it, vi } from 'vitest';

import { CacheMetric } from '../../contract';
import { COUNTERS, Counters, GAUGES, MetricsWriter } from '../../runtime/counters';
import { Site } from './cache/fixture';

interface Line {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

describe('metric lines', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('have every metric that dashboards and alarms speak of, in their namespace and by their dimension', () => {
    const { NAMESPACE, DIMENSION, ...names } = CacheMetric;
    expect([...COUNTERS, ...GAUGES]).toEqual(expect.arrayContaining(Object.values(names)));
    const { counters, lines } = writer();
    counters.count('miss');
    const [line] = lines(1);
    expect(line?._aws.CloudWatchMetrics).toMatchObject([{ Namespace: NAMESPACE, Dimensions: [[DIMENSION]] }]);
  });

  it('are of the embedded metric format: every metric is a member, with a unit, under the dimension of the site', () => {
    const { counters, lines } = writer();
    counters.count('hit.memory', 3);
    counters.count('bytes.read', 2048);
    counters.gauge('mirror.age', () => 12);
    const [line] = lines(1_800_000_000_000.5);
    expect(line).toEqual({
      _aws: {
        Timestamp: 1_800_000_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'cdk-nextjs-ecs',
            Dimensions: [['site']],
            Metrics: [
              { Name: 'bytes.read', Unit: 'Bytes' },
              { Name: 'hit.memory', Unit: 'Count' },
              { Name: 'mirror.age', Unit: 'Milliseconds' },
            ],
          },
        ],
      },
      site: 'shop',
      'bytes.read': 2048,
      'hit.memory': 3,
      'mirror.age': 12,
    });
  });

  it('say what was counted since the last one, and what a gauge is now', () => {
    const { counters, lines } = writer();
    let rows = 5;
    counters.gauge('mirror.rows', () => rows);
    counters.count('miss', 2);
    expect(lines(1)).toEqual([expect.objectContaining({ miss: 2, 'mirror.rows': 5 })]);
    rows = 0;
    counters.count('miss');
    expect(lines(2)).toEqual([expect.objectContaining({ miss: 1, 'mirror.rows': 0 })]);
    expect(lines(3)[0]).not.toHaveProperty('miss');
  });

  it('have no more metrics than CloudWatch takes from a line', () => {
    const { counters, lines } = writer();
    for (let operation = 0; operation < 150; operation += 1) counters.count(`call.s3.Operation${operation}`);
    const written = lines(1).map(({ _aws }) => _aws.CloudWatchMetrics[0]?.Metrics.length);
    expect(written).toEqual([100, 50]);
  });

  it.each([
    [true, [60_000, 120_000]],
    [false, []],
  ])('go out once a period, unless one variable turns them off: %s', async (metrics, times) => {
    const site = new Site();
    const written: number[] = [];
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      written.push((JSON.parse(String(line)) as Line)._aws.Timestamp - site.epoch);
      return true;
    });
    const { cache } = site.replica({ metrics });
    await site.run(() => site.time.sleep(150_000));
    expect(written).toEqual(times);
    cache.close();
    expect(written).toHaveLength(metrics ? times.length + 1 : 0);
  });
});

function writer(): { readonly counters: Counters; readonly lines: (now: number) => readonly Line[] } {
  const counters = new Counters();
  const written: string[] = [];
  const metrics = new MetricsWriter(counters, 'shop', (line) => written.push(line));
  return {
    counters,
    lines: (now) => {
      metrics.flush(now);
      return written.splice(0).map((line) => JSON.parse(line) as Line);
    },
  };
}
