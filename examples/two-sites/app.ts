import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { NextjsBuild, NextjsCache, NextjsPolicies, NextjsSite } from 'cdk-nextjs-ecs';
import type { Construct } from 'constructs';

/** Two sites with one network, cluster, cache and set of CloudFront policies between them. */
class SitesStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const cache = new NextjsCache(this, 'Cache');
    const policies = new NextjsPolicies(this, 'Policies');

    const shop = new NextjsSite(this, 'Shop', {
      nextBuild: NextjsBuild.fromDirectory('../storefront'),
      cache,
      policies,
      // The name begins every key of the site in the cache, so that the sites never meet there.
      siteName: 'shop',
    });
    new NextjsSite(this, 'Timetable', {
      nextBuild: NextjsBuild.fromDirectory('../use-cache'),
      cluster: shop.service.cluster,
      cache,
      policies,
      siteName: 'timetable',
      cpu: 512,
      memoryLimitMiB: 1024,
    });
  }
}

new SitesStack(new App(), 'Sites');
