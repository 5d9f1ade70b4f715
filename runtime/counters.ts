/** What the cache counts since the process began. Each is described in docs/cache.md. */
export const COUNTERS = [
  'hit.memory',
  'hit.build',
  'hit.store',
  'miss',
  'stale',
  'expired',
  'retained',
  'capped',
  'regeneration',
  'lease.taken',
  'lease.refused',
  'lease.waited',
  'bytes.read',
  'bytes.written',
  'write.dropped',
  'write.superseded',
  'write.failed',
  'entry.undecodable',
  'budget.exhausted',
  'breaker.s3.opened',
  'breaker.dynamodb.opened',
  'tag.revalidated',
  'tag.failed',
  'mirror.read',
  'mirror.failed',
  'reset.retained',
] as const;

/** What is what it is now rather than a sum. */
export const GAUGES = [
  'mirror.age',
  'mirror.rows',
  'mirror.skew',
  'memory.bytes',
  'memory.entries',
  'writes.pending',
  'breaker.s3.open',
  'breaker.dynamodb.open',
] as const;

/** Calls of AWS are counted by their operation: `call.s3.GetObject`. */
export type CounterName = (typeof COUNTERS)[number] | `call.${'s3' | 'dynamodb'}.${string}`;

export type GaugeName = (typeof GAUGES)[number];

/** Counts since the process began; cheap enough for every hit. */
export class Counters {
  private readonly counts = new Map<string, number>();
  private readonly gauges = new Map<GaugeName, () => number>();

  count(name: CounterName, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  gauge(name: GaugeName, read: () => number): void {
    this.gauges.set(name, read);
  }

  get(name: CounterName): number {
    return this.counts.get(name) ?? 0;
  }

  snapshot(): Record<string, number> {
    const values: Record<string, number> = Object.fromEntries(
      [...this.counts].sort(([left], [right]) => (left < right ? -1 : 1)),
    );
    for (const [name, read] of this.gauges) {
      const value = read();
      if (Number.isFinite(value)) values[name] = value;
    }
    return values;
  }
}

const NAMESPACE = 'cdk-nextjs-ecs';
/** CloudWatch takes at most 100 metrics an embedded-metric line. */
const METRICS_A_LINE = 100;

/**
 * Writes what was counted since its last call as CloudWatch embedded-metric lines.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export class MetricsWriter {
  private previous: Readonly<Record<string, number>> = {};

  constructor(
    private readonly counters: Counters,
    private readonly site: string,
    private readonly write: (line: string) => void,
  ) {}

  flush(now: number): void {
    const current = this.counters.snapshot();
    const values = Object.entries(current).map(([name, value]): [string, number] => {
      return [name, isGauge(name) ? value : value - (this.previous[name] ?? 0)];
    });
    this.previous = current;
    const moved = values.filter(([name, value]) => value !== 0 || isGauge(name));
    for (let start = 0; start < moved.length; start += METRICS_A_LINE) {
      this.write(this.line(now, moved.slice(start, start + METRICS_A_LINE)));
    }
  }

  private line(now: number, values: readonly [string, number][]): string {
    const metrics = values.map(([name]) => ({ Name: name, Unit: unitOf(name) }));
    return JSON.stringify({
      _aws: {
        Timestamp: Math.floor(now),
        CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [['site']], Metrics: metrics }],
      },
      site: this.site,
      ...Object.fromEntries(values),
    });
  }
}

const GAUGE_NAMES: ReadonlySet<string> = new Set(GAUGES);

function isGauge(name: string): boolean {
  return GAUGE_NAMES.has(name);
}

function unitOf(name: string): 'Bytes' | 'Milliseconds' | 'Count' {
  if (name.includes('bytes')) return 'Bytes';
  return name === 'mirror.age' || name === 'mirror.skew' ? 'Milliseconds' : 'Count';
}
