import { CfnOutput } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { NextjsAssets } from './nextjs-assets';
import type { NextjsBuild } from './nextjs-build';
import { NextjsCache } from './nextjs-cache';
import { NextjsDistribution, type NextjsDistributionOptions } from './nextjs-distribution';
import { NextjsService } from './nextjs-service';
import type { NextjsServiceOptions } from './nextjs-service-options';

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
  /** The build's hashed files. */
  public readonly assets: NextjsAssets;
  /** The tasks and their load balancer. */
  public readonly service: NextjsService;
  /** CloudFront in front of both. */
  public readonly distribution: NextjsDistribution;
  /** Address of the site with the base path, without a slash at its end; an output of the stack. */
  public readonly url: string;

  constructor(scope: Construct, id: string, props: NextjsSiteProps) {
    super(scope, id);
    this.cache = props.cache ?? new NextjsCache(this, 'Cache');
    this.assets = new NextjsAssets(this, 'Assets', { nextBuild: props.nextBuild });
    this.service = this.createService(props);
    this.distribution = this.createDistribution(props);
    this.url = this.distribution.url;
    new CfnOutput(this, 'Url', { value: this.url, description: 'Address of the site' });
  }

  private createService(props: NextjsSiteProps): NextjsService {
    const service = new NextjsService(this, 'Service', { ...props, cache: this.cache });
    // A task may answer with pages that name the new build's files as soon as it starts.
    service.service.node.addDependency(this.assets.deployment);
    return service;
  }

  private createDistribution(props: NextjsSiteProps): NextjsDistribution {
    return new NextjsDistribution(this, 'Distribution', {
      ...props,
      loadBalancer: this.service.loadBalancer,
      assetBucket: this.assets.bucket,
    });
  }
}
