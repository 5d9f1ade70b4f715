import { CfnOutput, Names, Stack } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { NextjsAlarms } from './nextjs-alarms';
import { NextjsAssets } from './nextjs-assets';
import type { NextjsBuild } from './nextjs-build';
import { NextjsCache } from './nextjs-cache';
import { NextjsDashboard } from './nextjs-dashboard';
import { NextjsDistribution } from './nextjs-distribution';
import type { NextjsDistributionOptions } from './nextjs-distribution-options';
import { NextjsPurge } from './nextjs-purge';
import { NextjsService } from './nextjs-service';
import type { NextjsServiceOptions } from './nextjs-service-options';
import { createLogBucket, logAccess } from './private/access-logs';
import { cacheTagEnvironment } from './private/existing-distribution';

/** Properties of {@link NextjsSite}. */
export interface NextjsSiteProps extends NextjsServiceOptions, NextjsDistributionOptions {
  /** The app to deploy. */
  readonly nextBuild: NextjsBuild;
  /**
   * The cache that the tasks share; sites may share it as well.
   *
   * @default - a new one
   */
  readonly cache?: NextjsCache;
  /**
   * Whether revalidations and deployments purge the distribution. Without it, or a {@link NextjsPurge} of your own, CloudFront keeps a
   * page for as long as Next.js says, which for a static one is a year.
   *
   * @default true
   */
  readonly purge?: boolean;
  /**
   * Whether CloudFront and S3 write access logs, which hold viewers' addresses: to `logBucket`, or to a new bucket that keeps them for
   * 90 days. Cents a month.
   *
   * @default true
   */
  readonly accessLogs?: boolean;
  /**
   * Whether a CloudWatch dashboard is made. About $6 a month with CloudFront's additional metrics.
   *
   * @default false
   */
  readonly dashboard?: boolean;
  /**
   * Whether CloudWatch alarms are made.
   *
   * @default - true where an `alarmTopic` is given
   */
  readonly alarms?: boolean;
  /**
   * Hears of each alarm, and of its end.
   *
   * @default - alarms are seen in CloudWatch only
   */
  readonly alarmTopic?: sns.ITopic;
}

/**
 * A Next.js app on ECS behind CloudFront, with a cache that all of its tasks share.
 *
 * ```ts
 * new NextjsSite(this, 'Site', { nextBuild: NextjsBuild.fromDirectory('../web') });
 * ```
 */
export class NextjsSite extends Construct {
  /** The cache that the tasks share. */
  public readonly cache: NextjsCache;
  /**
   * The build's hashed files.
   *
   * @default - the build came without them, and the tasks serve their own
   */
  public readonly assets?: NextjsAssets;
  /** The tasks and their load balancer. */
  public readonly service: NextjsService;
  /** CloudFront in front of both. */
  public readonly distribution: NextjsDistribution;
  /**
   * Carries revalidations to CloudFront.
   *
   * @default - switched off
   */
  public readonly purge?: NextjsPurge;
  /**
   * The access logs of CloudFront (`cloudfront/`) and of the buckets (`s3/`).
   *
   * @default - switched off
   */
  public readonly logBucket?: s3.IBucket;
  /**
   * What CloudWatch shows of the site.
   *
   * @default - not made
   */
  public readonly dashboard?: NextjsDashboard;
  /**
   * What a person has to look at.
   *
   * @default - not made
   */
  public readonly alarms?: NextjsAlarms;
  /** Address of the site with the base path, without a slash at its end; an output of the stack. */
  public readonly url: string;

  constructor(scope: Construct, id: string, props: NextjsSiteProps) {
    super(scope, id);
    this.cache = props.cache ?? new NextjsCache(this, 'Cache');
    if (props.nextBuild.hasStaticFiles) this.assets = new NextjsAssets(this, 'Assets', { nextBuild: props.nextBuild });
    this.service = this.createService(props);
    this.logBucket = this.createLogBucket(props);
    this.distribution = this.createDistribution(props);
    if (props.purge ?? true) this.purge = this.createPurge();
    this.logBucketAccess();
    const home = this.besideDistribution();
    const operated = { service: this.service, distribution: this.distribution.distribution, purge: this.purge };
    if (props.dashboard) this.dashboard = new NextjsDashboard(home, 'Dashboard', operated);
    if (props.alarms ?? props.alarmTopic) {
      this.alarms = new NextjsAlarms(home, 'Alarms', { ...operated, topic: props.alarmTopic });
    }
    this.url = this.distribution.url;
    new CfnOutput(home, 'Url', { value: this.url, description: 'Address of the site' });
  }

  private createService(props: NextjsSiteProps): NextjsService {
    const service = new NextjsService(this, 'Service', {
      ...props,
      cache: this.cache,
      environment: { ...cacheTagEnvironment(props.distribution), ...props.environment },
    });
    // A task may answer with pages that name the new build's files as soon as it starts.
    if (this.assets) service.service.node.addDependency(this.assets.deployment);
    return service;
  }

  private createDistribution(props: NextjsSiteProps): NextjsDistribution {
    return new NextjsDistribution(this, 'Distribution', {
      ...props,
      origin: this.service.origin,
      assetBucket: this.assets?.bucket,
      // A given distribution has decided on its own.
      logBucket: props.distribution ? props.logBucket : this.logBucket,
    });
  }

  private createLogBucket(props: NextjsSiteProps): s3.IBucket | undefined {
    if (!(props.accessLogs ?? true)) return undefined;
    return props.logBucket ?? createLogBucket(this, 'AccessLogs');
  }

  /** Where the distribution is in another stack, that one depends on this for its origins: what names the distribution has to be there. */
  private besideDistribution(): Construct {
    const stack = Stack.of(this.distribution.distribution);
    return stack === Stack.of(this) ? this : new Construct(stack, Names.uniqueResourceName(this, { maxLength: 64 }));
  }

  private logBucketAccess(): void {
    if (!this.logBucket) return;
    const buckets = [this.cache.bucket, this.assets?.bucket, this.purge?.keptBucket];
    logAccess(
      buckets.filter((bucket) => bucket !== undefined),
      this.logBucket,
    );
  }

  private createPurge(): NextjsPurge {
    return new NextjsPurge(this, 'Purge', {
      distribution: this.distribution.distribution,
      cache: this.cache,
      service: this.service,
    });
  }
}
