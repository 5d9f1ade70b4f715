import { PurgeMetric } from '../../contract';

type MetricName = Exclude<(typeof PurgeMetric)[keyof typeof PurgeMetric], 'cdk-nextjs-ecs' | 'site'>;

export type Metrics = Readonly<Partial<Record<MetricName, number>>>;

/**
 * One line of CloudWatch's embedded metrics, without the counts of what did not happen.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function metricLine(site: string, now: number, metrics: Metrics): string {
  const values = Object.entries(metrics).filter(([, value]) => value > 0);
  const names = values.map(([name]) => ({ Name: name, Unit: name === PurgeMetric.LAG ? 'Milliseconds' : 'Count' }));
  return JSON.stringify({
    _aws: {
      Timestamp: now,
      CloudWatchMetrics: [{ Namespace: PurgeMetric.NAMESPACE, Dimensions: [[PurgeMetric.DIMENSION]], Metrics: names }],
    },
    [PurgeMetric.DIMENSION]: site,
    ...Object.fromEntries(values),
  });
}
