import { CfnOutput, Duration, Names, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Environment, PurgeEnvironment, PurgeMetric, Table } from '../contract';
import type { NextjsCache } from './nextjs-cache';
import type { NextjsService } from './nextjs-service';
import { acknowledgeObjects } from './private/acknowledged-rules';
import { ConfigurationError } from './private/errors';
import { createPrivateBucket } from './private/private-bucket';
import { purgeWait } from './private/purge-wait';
import { createRuntimeFunction } from './private/runtime-function';

/** Of one invocation: time enough for a CloudFront that refuses for a while. */
const TIMEOUT = Duration.minutes(5);

/** Properties of {@link NextjsPurge}. */
export interface NextjsPurgeProps {
  /** The distribution whose copies of pages are purged. */
  readonly distribution: cloudfront.IDistribution;
  /** The cache whose revalidations are carried to the edge; its table needs a stream with new images. */
  readonly cache: NextjsCache;
  /** The tasks: their site's revalidations and their deployments purge the distribution. */
  readonly service: NextjsService;
  /**
   * How long the function collects revalidations before it purges them together, 0 to 300 seconds.
   *
   * It adds to the time until a revalidation reaches the edge.
   *
   * @default Duration.seconds(1)
   */
  readonly batchingWindow?: Duration;
  /**
   * Most tags that are purged one by one when they are revalidated together, 1 to 3,000; of more, all pages are purged at once.
   *
   * CloudFront takes 150 tags a second and bills each as one path: 500 take about 4 seconds and cost at most $2.50.
   *
   * @default 500
   */
  readonly maxTagsPerPurge?: number;
  /**
   * How long CloudFront may refuse a purge before it is kept for `replay` and those behind it get their turn, at most 20 hours.
   *
   * @default Duration.hours(1)
   */
  readonly keepAfter?: Duration;
}

/**
 * Purges CloudFront when content changes: what `revalidateTag`, `revalidatePath`, `updateTag` or `res.revalidate()` revalidates, and
 * after a deployment all pages.
 *
 * A function reads the stream of the cache's table, waits until every task has heard of a change, and invalidates its tag. What CloudFront
 * does not take is tried again for `keepAfter`, then kept in a bucket and counted; one command replays it (an output of the stack).
 *
 * It lives in the stack of the distribution, which must be in the region of the cache.
 */
export class NextjsPurge extends Construct {
  /** The function that purges. */
  public readonly purgeFunction: lambda.Function;
  /** Holds what could not be purged, whole, for 90 days. */
  public readonly keptBucket: s3.Bucket;
  /** The end of each deployment of the service. */
  public readonly deploymentRule: events.Rule;

  private readonly siteName: string;

  constructor(scope: Construct, id: string, props: NextjsPurgeProps) {
    super(scope, id);
    const streamArn = this.requireStream(props);
    props.cache._claimStreamReader(this);
    this.siteName = props.service.siteName;

    const home = this.besideDistribution(props);
    this.keptBucket = this.createKeptBucket(home);
    this.purgeFunction = this.createFunction(home, props);
    this.allowKeeping();
    this.allowInvalidation(props.distribution);
    this.readStream(home, streamArn, props);
    this.deploymentRule = this.createDeploymentRule(home, props.service);
    this.keepFailedEvents(home);
    new CfnOutput(home, 'ReplayCommand', {
      value: `aws lambda invoke --function-name ${this.purgeFunction.functionName} --cli-binary-format raw-in-base64-out --payload '{"replay":true}' /dev/stdout`,
      description: 'Purges what could not be purged and was kept',
    });
  }

  /**
   * Revalidations and deployments that could not be purged and are kept: anything above 0 needs the `ReplayCommand` of the stack.
   *
   * @param props Differences from a sum over five minutes.
   */
  public metricKept(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PurgeMetric.KEPT, props);
  }

  /**
   * Time from a revalidation until CloudFront took its purge, or until now while it does not, in milliseconds.
   *
   * @param props Differences from the maximum over five minutes.
   */
  public metricLag(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PurgeMetric.LAG, { statistic: cloudwatch.Stats.MAXIMUM, ...props });
  }

  /**
   * Calls that CloudFront did not take at once: too many at a time, or none at all.
   *
   * @param props Differences from a sum over five minutes.
   */
  public metricRetries(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PurgeMetric.RETRIES, props);
  }

  /**
   * Items of the invalidations, which CloudFront bills as paths: 1,000 a month are free.
   *
   * @param props Differences from a sum over five minutes.
   */
  public metricItems(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PurgeMetric.ITEMS, props);
  }

  /**
   * Tags that were purged.
   *
   * @param props Differences from a sum over five minutes.
   */
  public metricTags(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric(PurgeMetric.TAGS, props);
  }

  private metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: PurgeMetric.NAMESPACE,
      metricName,
      dimensionsMap: { [PurgeMetric.DIMENSION]: this.siteName },
      statistic: cloudwatch.Stats.SUM,
      ...props,
    }).attachTo(this.purgeFunction);
  }

  private requireStream({ cache }: NextjsPurgeProps): string {
    if (cache.table.tableStreamArn !== undefined) return cache.table.tableStreamArn;
    throw new ConfigurationError({
      part: 'NextjsPurge.cache',
      scope: this,
      problem: `the given table of ${cache.node.path} has no stream that is known here`,
      remedy:
        'Give the table a stream with new images and pass it with `tableStreamArn` (Table.fromTableAttributes), or switch the purge off (`purge: false`)',
    });
  }

  /** The stack that has the distribution knows it; another one would have to be known by it too, for the way to the tasks: a cycle. */
  private besideDistribution({ distribution, cache }: NextjsPurgeProps): Construct {
    const [stack, cacheStack] = [Stack.of(distribution), Stack.of(cache)];
    const isSameRegion = Token.isUnresolved(stack.region) || Token.isUnresolved(cacheStack.region);
    if (!isSameRegion && stack.region !== cacheStack.region) {
      throw new ConfigurationError({
        part: 'NextjsPurge.distribution',
        scope: this,
        problem: `its stack is in ${stack.region} and the cache in ${cacheStack.region}, but streams and events stay in their region`,
        remedy: 'CloudFront is everywhere: put the distribution into a stack in the region of the cache',
      });
    }
    return stack === Stack.of(this) ? this : new Construct(stack, Names.uniqueResourceName(this, { maxLength: 64 }));
  }

  private createKeptBucket(scope: Construct): s3.Bucket {
    return createPrivateBucket(scope, 'Kept', {
      lifecycleRule: { id: 'Expire', expiration: Duration.days(90) },
      // CloudFormation deletes it only when it is empty, which it should be.
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private createFunction(scope: Construct, props: NextjsPurgeProps): lambda.Function {
    const keepAfter = this.requireWithin('keepAfter', keepAfterOf(props).toSeconds(), 0, 72_000);
    const mostTags = this.requireWithin('maxTagsPerPurge', props.maxTagsPerPurge ?? 500, 1, 3000);
    return createRuntimeFunction(scope, 'Function', {
      code: 'purge',
      description: 'Next.js: purges CloudFront of what was revalidated',
      timeout: TIMEOUT,
      memorySize: 256,
      environment: {
        [PurgeEnvironment.DISTRIBUTION]: props.distribution.distributionId,
        [PurgeEnvironment.BUCKET]: this.keptBucket.bucketName,
        [PurgeEnvironment.WAIT]: String(purgeWait(this, props.service._environment)),
        [PurgeEnvironment.MOST_TAGS]: String(mostTags),
        [PurgeEnvironment.KEEP_AFTER]: String(keepAfter),
        [Environment.CACHE_SITE]: this.siteName,
      },
    });
  }

  /** Of its own bucket; Lambda writes there in the function's name. */
  private allowKeeping(): void {
    const objects = this.keptBucket.arnForObjects('*');
    iam.Grant.addToPrincipal({
      grantee: this.purgeFunction,
      actions: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
      resourceArns: [objects],
    });
    acknowledgeObjects(this.purgeFunction, objects);
    iam.Grant.addToPrincipal({
      grantee: this.purgeFunction,
      actions: ['s3:ListBucket'],
      resourceArns: [this.keptBucket.bucketArn],
    });
  }

  private allowInvalidation(distribution: cloudfront.IDistribution): void {
    iam.Grant.addToPrincipal({
      grantee: this.purgeFunction,
      actions: ['cloudfront:CreateInvalidation'],
      resourceArns: [distribution.distributionArn],
    });
  }

  private readStream(scope: Construct, eventSourceArn: string, props: NextjsPurgeProps): void {
    const window = (props.batchingWindow ?? Duration.seconds(1)).toSeconds();
    const reading = iam.Grant.addToPrincipal({
      grantee: this.purgeFunction,
      actions: ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
      resourceArns: [eventSourceArn],
    });
    const mapping = new lambda.EventSourceMapping(scope, 'Stream', {
      target: this.purgeFunction,
      eventSourceArn,
      startingPosition: lambda.StartingPosition.TRIM_HORIZON,
      batchSize: 10_000,
      maxBatchingWindow: Duration.seconds(this.requireWithin('batchingWindow', window, 0, 300)),
      filters: [tagRowsOf(this.siteName)],
      reportBatchItemFailures: true,
      // Isolates a record that the function cannot survive.
      bisectBatchOnError: true,
      retryAttempts: this.retryAttempts(props),
      onFailure: { bind: () => ({ destination: this.keptBucket.bucketArn }) },
    });
    reading.applyBefore(mapping);
    // Lambda tries whether it may read the stream and write to the bucket when the mapping is made.
    if (this.purgeFunction.role) mapping.node.addDependency(this.purgeFunction.role);
  }

  /** More than a CloudFront that refuses until `keepAfter` takes: after those the function itself keeps the records and says so. */
  private retryAttempts(props: NextjsPurgeProps): number {
    return Math.ceil(keepAfterOf(props).toSeconds() / TIMEOUT.toSeconds()) + 8;
  }

  /** ECS says so after a roll-back too. Earlier, tasks of the old build would fill the edge with its pages again. */
  private createDeploymentRule(scope: Construct, { service }: NextjsService): events.Rule {
    return new events.Rule(scope, 'Deployments', {
      description: 'Next.js: purges the pages of the build before when a deployment is complete',
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Deployment State Change'],
        resources: [service.serviceArn],
        detail: { eventName: ['SERVICE_DEPLOYMENT_COMPLETED'] },
      },
      targets: [new targets.LambdaFunction(this.purgeFunction)],
    });
  }

  /** Of deployments, when the function fails three times. */
  private keepFailedEvents(scope: Construct): void {
    new lambda.EventInvokeConfig(scope, 'DeploymentFailures', {
      function: this.purgeFunction,
      onFailure: { bind: () => ({ destination: this.keptBucket.bucketArn }) },
      retryAttempts: 2,
    });
  }

  private requireWithin(prop: string, value: number, least: number, most: number): number {
    if (Token.isUnresolved(value) || (Number.isInteger(value) && value >= least && value <= most)) return value;
    throw new ConfigurationError({
      part: `NextjsPurge.${prop}`,
      scope: this,
      problem: `must be a whole number ${prop === 'maxTagsPerPurge' ? '' : 'of seconds '}from ${least} to ${most}; received ${value}`,
      remedy: 'Choose one in that range, or leave it out',
    });
  }
}

function keepAfterOf({ keepAfter }: NextjsPurgeProps): Duration {
  return keepAfter ?? Duration.hours(1);
}

/** The rows that revalidations write, in all of their partitions: not the leases, and not other sites'. */
function tagRowsOf(siteName: string): Record<string, unknown> {
  return lambda.FilterCriteria.filter({
    eventName: lambda.FilterRule.or('INSERT', 'MODIFY'),
    dynamodb: {
      Keys: { [Table.PARTITION_KEY]: { S: [`${siteName}#tag`, ...lambda.FilterRule.beginsWith(`${siteName}#tag#`)] } },
    },
  });
}
