import { Duration } from 'aws-cdk-lib';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { CacheMetric } from '../../contract';
import type { NextjsService } from '../nextjs-service';

/** CloudFront writes its metrics there, wherever the stack is. */
export const CLOUDFRONT_METRIC_REGION = 'us-east-1';

const MINUTE = Duration.minutes(1);

/** What the tasks count of their cache; they write it once a minute. */
export function cacheMetric(
  service: NextjsService,
  metricName: string,
  options: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: CacheMetric.NAMESPACE,
    metricName,
    dimensionsMap: { [CacheMetric.DIMENSION]: service.siteName },
    statistic: cloudwatch.Stats.SUM,
    period: MINUTE,
    ...options,
  });
}

export function edgeMetric(
  distribution: cloudfront.IDistribution,
  metricName: string,
  options: cloudwatch.MetricOptions = {},
): cloudwatch.Metric {
  return new cloudwatch.Metric({
    namespace: 'AWS/CloudFront',
    metricName,
    dimensionsMap: { DistributionId: distribution.distributionId, Region: 'Global' },
    statistic: cloudwatch.Stats.AVERAGE,
    period: MINUTE,
    region: CLOUDFRONT_METRIC_REGION,
    ...options,
  });
}

/** Answers of the tasks that are errors, in percent. */
export function serverErrorRate({ targetGroup }: NextjsService): cloudwatch.MathExpression {
  const options = { statistic: cloudwatch.Stats.SUM, period: MINUTE };
  return new cloudwatch.MathExpression({
    expression: '100 * errors / requests',
    label: 'Errors of the tasks (5xx), percent',
    usingMetrics: {
      errors: targetGroup.metrics.httpCodeTarget(elbv2.HttpCodeTarget.TARGET_5XX_COUNT, options),
      requests: targetGroup.metrics.requestCount(options),
    },
    period: MINUTE,
  });
}

/** 1 while a task's breaker keeps it from asking a store that fails. */
export function openBreaker(service: NextjsService): cloudwatch.MathExpression {
  const maximum = { statistic: cloudwatch.Stats.MAXIMUM };
  return new cloudwatch.MathExpression({
    expression: 'MAX([s3, dynamodb])',
    label: 'Breaker open',
    usingMetrics: {
      s3: cacheMetric(service, CacheMetric.BREAKER_S3_OPEN, maximum),
      dynamodb: cacheMetric(service, CacheMetric.BREAKER_DYNAMODB_OPEN, maximum),
    },
    period: MINUTE,
  });
}
