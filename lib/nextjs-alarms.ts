import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { NextjsPurge } from './nextjs-purge';
import type { NextjsService } from './nextjs-service';
import { ConfigurationError } from './private/errors';
import { CLOUDFRONT_METRIC_REGION, edgeMetric, openBreaker, serverErrorRate } from './private/metrics';

/** Properties of {@link NextjsAlarms}. */
export interface NextjsAlarmsProps {
  /** The tasks. */
  readonly service: NextjsService;
  /**
   * The distribution in front of them. Its errors raise an alarm in a stack in us-east-1, where CloudFront writes its metrics; elsewhere
   * only those of the tasks do.
   *
   * @default - nothing of the edge raises an alarm
   */
  readonly distribution?: cloudfront.IDistribution;
  /**
   * What carries revalidations to the edge.
   *
   * @default - nothing of it raises an alarm
   */
  readonly purge?: NextjsPurge;
  /**
   * Hears of each alarm, and of its end.
   *
   * @default - alarms are seen in CloudWatch only; `alarms` takes other actions
   */
  readonly topic?: sns.ITopic;
  /**
   * Share of the answers that may be errors (5xx), in percent; 0 to 100.
   *
   * @default 5
   */
  readonly errorPercentage?: number;
  /**
   * How long the slowest hundredth of the answers may take until the first byte; above 0 seconds.
   *
   * @default Duration.seconds(3)
   */
  readonly latency?: Duration;
}

/**
 * CloudWatch alarms for what a person has to look at: errors, slow answers, tasks that are unhealthy or short of memory, revalidations that
 * did not reach the edge, a store that the tasks have given up. About $0.10 a month each.
 */
export class NextjsAlarms extends Construct {
  /** The alarms; add actions of your own to them. */
  public readonly alarms: cloudwatch.Alarm[] = [];

  private readonly topic?: sns.ITopic;

  /** @throws where `errorPercentage` or `latency` is out of its range */
  constructor(scope: Construct, id: string, props: NextjsAlarmsProps) {
    super(scope, id);
    this.topic = props.topic;
    this.validate(props);
    const errorPercentage = props.errorPercentage ?? 5;
    this.addErrors(props.service, errorPercentage);
    this.addLatency(props.service, props.latency ?? Duration.seconds(3));
    this.addUnhealthy(props.service);
    this.addMemory(props.service);
    this.addBreaker(props.service);
    if (props.purge) this.addKeptPurges(props.purge);
    if (props.distribution) this.addEdgeErrors(props.distribution, errorPercentage);
  }

  private validate({ errorPercentage = 0, latency }: NextjsAlarmsProps): void {
    if (!(errorPercentage >= 0 && errorPercentage <= 100)) {
      throw new ConfigurationError({
        part: 'NextjsAlarms.errorPercentage',
        scope: this,
        problem: `must be a number from 0 to 100; received ${errorPercentage}`,
        remedy: 'Give the share of answers that may be errors in percent, for example 5',
      });
    }
    if (latency?.toMilliseconds() === 0) {
      throw new ConfigurationError({
        part: 'NextjsAlarms.latency',
        scope: this,
        problem: 'must be above 0 seconds; received 0',
        remedy: 'Give what the slowest hundredth of the answers may take, for example Duration.seconds(3)',
      });
    }
  }

  private addErrors(service: NextjsService, threshold: number): void {
    this.add('Errors', `More than ${threshold} % of the tasks' answers are errors`, {
      metric: serverErrorRate(service),
      threshold,
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
    });
  }

  private addLatency({ targetGroup }: NextjsService, latency: Duration): void {
    const seconds = latency.toSeconds({ integral: false });
    this.add('Latency', `One of a hundred answers takes more than ${seconds} s until its first byte`, {
      metric: targetGroup.metrics.targetResponseTime({ statistic: 'p99', period: Duration.minutes(1) }),
      threshold: seconds,
      evaluationPeriods: 5,
      datapointsToAlarm: 5,
    });
  }

  private addUnhealthy({ targetGroup }: NextjsService): void {
    this.add('Unhealthy', 'A task fails its health check, longer than a deployment explains', {
      metric: targetGroup.metrics.unhealthyHostCount({
        statistic: cloudwatch.Stats.MAXIMUM,
        period: Duration.minutes(1),
      }),
      threshold: 0,
      evaluationPeriods: 5,
      datapointsToAlarm: 5,
    });
  }

  private addMemory({ service }: NextjsService): void {
    this.add('Memory', 'A task uses more than 90 % of its memory: at 100 % it is killed', {
      metric: service.metricMemoryUtilization({ statistic: cloudwatch.Stats.MAXIMUM, period: Duration.minutes(1) }),
      threshold: 90,
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
    });
  }

  private addBreaker(service: NextjsService): void {
    this.add(
      'Breaker',
      'Tasks have stopped asking S3 or DynamoDB, which fail: content is older or rendered more often',
      {
        metric: openBreaker(service),
        threshold: 0,
        evaluationPeriods: 3,
        datapointsToAlarm: 2,
      },
    );
  }

  private addKeptPurges(purge: NextjsPurge): void {
    const period = Duration.minutes(1);
    this.add('Purge', 'Revalidations did not reach CloudFront and are kept: see the ReplayCommand among the outputs', {
      metric: purge.metricKept({ period }),
      threshold: 0,
      evaluationPeriods: 1,
      datapointsToAlarm: 1,
    });
    // What the function cannot survive, Lambda keeps in its place, and the function cannot count it.
    this.add(
      'PurgeErrors',
      'The function that purges CloudFront fails: what it cannot handle is kept after some attempts',
      {
        metric: purge.purgeFunction.metricErrors({ period }),
        threshold: 0,
        evaluationPeriods: 1,
        datapointsToAlarm: 1,
      },
    );
  }

  private addEdgeErrors(distribution: cloudfront.IDistribution, threshold: number): void {
    if (Stack.of(this).region !== CLOUDFRONT_METRIC_REGION) {
      Annotations.of(this).addInfo(
        `cdk-nextjs-ecs: CloudFront writes its metrics in ${CLOUDFRONT_METRIC_REGION}, and an alarm sees those of its own region: ` +
          `without a stack that is known to be there, the distribution's errors raise no alarm. Those of the tasks do`,
      );
      return;
    }
    this.add('EdgeErrors', `More than ${threshold} % of the viewers' requests end in an error`, {
      // An alarm has no region of its own; it is that of the metric already.
      metric: edgeMetric(distribution, '5xxErrorRate', { region: undefined }),
      threshold,
      evaluationPeriods: 5,
      datapointsToAlarm: 3,
    });
  }

  private add(id: string, alarmDescription: string, props: cloudwatch.AlarmProps): void {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      // No requests, no purges: nothing to be alarmed about.
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      ...props,
    });
    this.alarms.push(alarm);
    if (!this.topic) return;
    alarm.addAlarmAction(new actions.SnsAction(this.topic));
    alarm.addOkAction(new actions.SnsAction(this.topic));
  }
}
