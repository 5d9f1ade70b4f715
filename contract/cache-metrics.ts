/** The CloudWatch metrics of the tasks that dashboard and alarms speak of, with the dimension `site`. */
export const CacheMetric = {
  NAMESPACE: 'cdk-nextjs-ecs',
  DIMENSION: 'site',
  /** Reads that each layer answered. */
  HIT_MEMORY: 'hit.memory',
  HIT_BUILD: 'hit.build',
  HIT_STORE: 'hit.store',
  /** Reads that no layer answered. */
  MISS: 'miss',
  /** Reads that were answered with what is to be renewed. */
  STALE: 'stale',
  /** Reads whose entry a revalidation had ended. */
  EXPIRED: 'expired',
  REGENERATION: 'regeneration',
  TAG_REVALIDATED: 'tag.revalidated',
  /** Milliseconds since the tags were read. */
  MIRROR_AGE: 'mirror.age',
  WRITE_FAILED: 'write.failed',
  /** 1 while a store is not asked because it fails. */
  BREAKER_S3_OPEN: 'breaker.s3.open',
  BREAKER_DYNAMODB_OPEN: 'breaker.dynamodb.open',
} as const;
