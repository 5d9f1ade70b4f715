/** The environment variables by which the constructs configure the purge function, besides the site's name (`Environment.CACHE_SITE`). */
export const PurgeEnvironment = {
  /** Id of the distribution that is purged. */
  DISTRIBUTION: 'NEXTJS_PURGE_DISTRIBUTION',
  /** Name of the S3 bucket for what could not be purged. */
  BUCKET: 'NEXTJS_PURGE_BUCKET',
  /** How long after a tag changed nothing older can leave a task for long, in milliseconds: window + slack + time on the way. */
  WAIT: 'NEXTJS_PURGE_WAIT',
  /** Most tags that a batch purges one by one; of more, all pages are purged. */
  MOST_TAGS: 'NEXTJS_PURGE_MOST_TAGS',
  /** How long CloudFront may refuse a change before it is kept and the next ones get their turn, in seconds. */
  KEEP_AFTER: 'NEXTJS_PURGE_KEEP_AFTER',
} as const;

/** The CloudWatch metrics that the purge function writes, with the dimension `site`. */
export const PurgeMetric = {
  NAMESPACE: 'cdk-nextjs-ecs',
  DIMENSION: 'site',
  /** Revalidated tags that were purged, each once a batch. */
  TAGS: 'purge.tags',
  /** Calls of CreateInvalidation that CloudFront took. */
  INVALIDATIONS: 'purge.invalidations',
  /** Items of those calls: what CloudFront bills as paths. */
  ITEMS: 'purge.items',
  /** Purges of all pages in place of too many tags. */
  ALL_PAGES: 'purge.allPages',
  /** Purges of all pages after a deployment. */
  DEPLOYMENTS: 'purge.deployments',
  /** Milliseconds from the oldest change of a batch until CloudFront took it, or until now while it does not. */
  LAG: 'purge.lag',
  /** Calls that CloudFront refused for the moment. */
  RETRIES: 'purge.retries',
  /** Changes that could not be purged and are kept in the bucket. */
  KEPT: 'purge.kept',
} as const;
