import { Duration } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, it } from 'vitest';
import { CacheMetric } from '../../contract';
import { NextjsAlarms, NextjsBuild, NextjsSite } from '../../lib';
import { COUNTERS, GAUGES } from '../../runtime/counters';
import { appWithBundle } from './bundle';
import { resources, synthesize, synthesizeSite, theResource } from './synthesis';

const US_EAST_1 = { env: { account: '111122223333', region: 'us-east-1' } };

function operated(env = US_EAST_1) {
  return synthesizeSite({ dashboard: true, alarms: true }, {}, env).template;
}

function alarms(template: Template): Record<string, unknown>[] {
  return resources(template)
    .filter(([, { Type }]) => Type === 'AWS::CloudWatch::Alarm')
    .map(([, { Properties }]) => Properties);
}

const template = operated();
const body = JSON.stringify(theResource(template, 'AWS::CloudWatch::Dashboard').Properties.DashboardBody);

describe('the dashboard', () => {
  it.each([
    ['edge hit ratio', 'CacheHitRate'],
    ['latency', 'TargetResponseTime'],
    ['errors', '5xxErrorRate'],
    ['tasks', 'HealthyHostCount'],
    ['CPU', 'CPUUtilization'],
    ['memory', 'MemoryUtilization'],
    ['hits by layer', 'hit.memory'],
    ['hits of the build output', 'hit.build'],
    ['hits of S3', 'hit.store'],
    ['stale answers', 'stale'],
    ['regenerations', 'regeneration'],
    ['the lag of purges', 'purge.lag'],
  ])('shows %s', (_, metric) => {
    expect(body).toContain(`\\"${metric}\\"`);
  });

  it('reads CloudFront in us-east-1, wherever it is', () => {
    const elsewhere = operated({ env: { ...US_EAST_1.env, region: 'eu-west-1' } });
    const { DashboardBody } = theResource(elsewhere, 'AWS::CloudWatch::Dashboard').Properties;
    const widgets = JSON.stringify(DashboardBody).split('Edge: ').slice(1);
    expect(widgets).toHaveLength(3);
    for (const widget of widgets) expect(widget).toContain('\\"region\\":\\"us-east-1\\"');
  });

  it('has CloudFront publish its hit ratio', () => {
    template.resourceCountIs('AWS::CloudFront::MonitoringSubscription', 1);
  });

  it('speaks of metrics that the tasks write', () => {
    const written: readonly string[] = [...COUNTERS, ...GAUGES];
    for (const [name, metric] of Object.entries(CacheMetric)) {
      if (name !== 'NAMESPACE' && name !== 'DIMENSION') expect(written).toContain(metric);
    }
  });
});

describe('the alarms', () => {
  it('tell of errors, latency, unhealthy tasks, memory, an open breaker, kept and failed purges and errors at the edge', () => {
    const text = JSON.stringify(alarms(template));
    expect(alarms(template)).toHaveLength(8);
    for (const metric of [
      'HTTPCode_Target_5XX_Count',
      'TargetResponseTime',
      'UnHealthyHostCount',
      'MemoryUtilization',
      'breaker.s3.open',
      'breaker.dynamodb.open',
      'purge.kept',
      'Errors',
      '5xxErrorRate',
    ]) {
      expect(text).toContain(`"${metric}"`);
    }
  });

  it('leave out what CloudFront writes in another region', () => {
    const elsewhere = operated({ env: { ...US_EAST_1.env, region: 'eu-west-1' } });
    expect(alarms(elsewhere)).toHaveLength(7);
    expect(JSON.stringify(alarms(elsewhere))).not.toContain('AWS/CloudFront');
  });

  it('take quiet for health', () => {
    for (const { TreatMissingData } of alarms(template)) expect(TreatMissingData).toBe('notBreaching');
  });

  it('tell a topic when they begin and when they end', () => {
    const { template: withTopic } = synthesize((stack) => {
      const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
      new NextjsSite(stack, 'Site', { nextBuild, alarmTopic: new Topic(stack, 'Topic') });
    });
    expect(alarms(withTopic)).toHaveLength(7);
    for (const { AlarmActions, OKActions } of alarms(withTopic)) {
      expect(AlarmActions).toHaveLength(1);
      expect(OKActions).toEqual(AlarmActions);
    }
  });

  it.each([
    [{ errorPercentage: 101 }, /NextjsAlarms.errorPercentage .*from 0 to 100; received 101/],
    [{ errorPercentage: Number.NaN }, /NextjsAlarms.errorPercentage .*received NaN/],
    [{ latency: Duration.seconds(0) }, /NextjsAlarms.latency .*above 0 seconds; received 0/],
  ])('are refused where they make no sense: %o', (props, message) => {
    expect(() =>
      synthesize((stack) => {
        const { service } = new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(appWithBundle()) });
        new NextjsAlarms(stack, 'Alarms', { service, ...props });
      }),
    ).toThrow(message);
  });
});

it('makes a site of at most 56 resources besides those of the VPC', () => {
  const isVpc = (id: string) => id.startsWith('SiteServiceVpc');
  expect(resources(template).filter(([id]) => !isVpc(id)).length).toBeLessThanOrEqual(56);
});
