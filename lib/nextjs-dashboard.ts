import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { CacheMetric } from '../contract';
import type { NextjsPurge } from './nextjs-purge';
import type { NextjsService } from './nextjs-service';
import { cacheMetric, CLOUDFRONT_METRIC_REGION, edgeMetric, openBreaker, serverErrorRate } from './private/metrics';
import { accountWideName } from './private/names';

/** Properties of {@link NextjsDashboard}. */
export interface NextjsDashboardProps {
  /** The tasks. */
  readonly service: NextjsService;
  /**
   * The distribution in front of them.
   *
   * @default - nothing of the edge is shown
   */
  readonly distribution?: cloudfront.IDistribution;
  /**
   * What carries revalidations to the edge.
   *
   * @default - nothing of it is shown
   */
  readonly purge?: NextjsPurge;
}

/**
 * A CloudWatch dashboard of a site, from the viewers to the cache: edge hit ratio, latency, errors, tasks, cache hits by layer, stale
 * answers, regenerations, and how long a revalidation takes to reach the edge.
 *
 * About $3 a month, and as much again for CloudFront's additional metrics, of which the hit ratio is one.
 */
export class NextjsDashboard extends Construct {
  /** The dashboard; add widgets of your own here. */
  public readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: NextjsDashboardProps) {
    super(scope, id);
    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', { dashboardName: accountWideName(this, 255) });
    if (props.distribution) this.addEdge(props.distribution);
    this.addTasks(props.service);
    this.addCache(props.service);
    this.addRevalidation(props.service, props.purge);
  }

  private addEdge(distribution: cloudfront.IDistribution): void {
    publishHitRate(distribution);
    const metric = (name: string, label: string, statistic?: string) =>
      edgeMetric(distribution, name, { label, statistic });
    this.addRow(
      graph('Edge: hit ratio and requests', {
        left: [metric('CacheHitRate', 'Hits, percent')],
        right: [metric('Requests', 'Requests', cloudwatch.Stats.SUM)],
        region: CLOUDFRONT_METRIC_REGION,
      }),
      graph('Edge: errors', {
        left: [metric('5xxErrorRate', '5xx, percent'), metric('4xxErrorRate', '4xx, percent')],
        region: CLOUDFRONT_METRIC_REGION,
      }),
      graph('Edge: milliseconds until the first byte of the origin', {
        left: [metric('OriginLatency', 'p50', 'p50'), metric('OriginLatency', 'p99', 'p99')],
        region: CLOUDFRONT_METRIC_REGION,
      }),
    );
  }

  private addTasks(site: NextjsService): void {
    const { service, targetGroup } = site;
    const { metrics } = targetGroup;
    this.addRow(
      graph('Tasks: seconds until the first byte', {
        left: ['p50', 'p90', 'p99'].map((statistic) => metrics.targetResponseTime({ statistic, label: statistic })),
        right: [metrics.requestCount({ label: 'Requests' })],
      }),
      graph('Tasks: errors', {
        left: [serverErrorRate(site)],
        right: [
          metrics.httpCodeTarget(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, { label: '5xx' }),
          metrics.targetConnectionErrorCount({ label: 'Not connected' }),
        ],
      }),
      graph('Tasks: number', {
        left: [
          metrics.healthyHostCount({ label: 'Healthy', statistic: cloudwatch.Stats.MINIMUM }),
          metrics.unhealthyHostCount({ label: 'Unhealthy', statistic: cloudwatch.Stats.MAXIMUM }),
        ],
      }),
      graph('Tasks: CPU and memory, percent', {
        left: [
          service.metricCpuUtilization({ label: 'CPU' }),
          service.metricMemoryUtilization({ label: 'Memory', statistic: cloudwatch.Stats.MAXIMUM }),
        ],
      }),
    );
  }

  private addCache(service: NextjsService): void {
    const counted = (name: string, label: string) => cacheMetric(service, name, { label });
    this.addRow(
      graph('Cache: reads by the layer that answered', {
        left: [
          counted(CacheMetric.HIT_MEMORY, 'Memory'),
          counted(CacheMetric.HIT_BUILD, 'Build output'),
          counted(CacheMetric.HIT_STORE, 'S3'),
          counted(CacheMetric.MISS, 'None'),
        ],
        stacked: true,
      }),
      graph('Cache: stale, expired, regenerated', {
        left: [
          counted(CacheMetric.STALE, 'Stale'),
          counted(CacheMetric.EXPIRED, 'Expired'),
          counted(CacheMetric.REGENERATION, 'Regenerated'),
        ],
      }),
      graph('Cache: failures', {
        left: [openBreaker(service), counted(CacheMetric.WRITE_FAILED, 'Writes failed')],
        right: [
          cacheMetric(service, CacheMetric.MIRROR_AGE, {
            label: 'Age of the tags, ms',
            statistic: cloudwatch.Stats.MAXIMUM,
          }),
        ],
      }),
    );
  }

  private addRevalidation(service: NextjsService, purge?: NextjsPurge): void {
    const revalidated = cacheMetric(service, CacheMetric.TAG_REVALIDATED, { label: 'Tags revalidated' });
    if (!purge) {
      this.addRow(graph('Revalidations', { left: [revalidated] }));
      return;
    }
    this.addRow(
      graph('Revalidations and purges', { left: [revalidated, purge.metricTags({ label: 'Tags purged' })] }),
      graph('Milliseconds until a revalidation is purged', {
        left: [purge.metricLag({ label: 'Longest' }), purge.metricLag({ label: 'p50', statistic: 'p50' })],
      }),
      graph('Purges kept and tried again', {
        left: [purge.metricKept({ label: 'Kept' }), purge.metricRetries({ label: 'Tried again' })],
      }),
    );
  }

  /** Widgets that share the width of 24. */
  private addRow(...widgets: ((width: number) => cloudwatch.GraphWidget)[]): void {
    this.dashboard.addWidgets(...widgets.map((widget) => widget(24 / widgets.length)));
  }
}

function graph(title: string, props: cloudwatch.GraphWidgetProps): (width: number) => cloudwatch.GraphWidget {
  return (width) => new cloudwatch.GraphWidget({ title, width, height: 6, leftYAxis: { min: 0 }, ...props });
}

/** Unless the distribution publishes its additional metrics already. */
function publishHitRate(distribution: cloudfront.IDistribution): void {
  const isPublished = distribution.node.findAll().some((part) => part instanceof cloudfront.CfnMonitoringSubscription);
  if (isPublished || !(distribution instanceof cloudfront.Distribution)) return;
  new cloudfront.CfnMonitoringSubscription(distribution, 'MonitoringSubscription', {
    distributionId: distribution.distributionId,
    monitoringSubscription: { realtimeMetricsSubscriptionConfig: { realtimeMetricsSubscriptionStatus: 'Enabled' } },
  });
}
