/**
 * The environment variables by which the constructs configure the runtime.
 *
 * The task definition sets them, the preload reads them, and the local stack passes them on as they stand in the template.
 * Everything but the first three is optional: its default is in `runtime/configuration.ts`.
 */
export const Environment = {
  /** Name of the S3 bucket that holds cache entries. */
  CACHE_BUCKET: 'NEXTJS_CACHE_BUCKET',
  /** Name of the DynamoDB table that holds tag rows and leases. */
  CACHE_TABLE: 'NEXTJS_CACHE_TABLE',
  /** Name of the site: the first part of every key, so that sites may share a bucket and a table. */
  CACHE_SITE: 'NEXTJS_CACHE_SITE',
  /** How old a replica's view of the tags may be when it answers, in milliseconds; 0 reads them for every request. */
  CACHE_WINDOW: 'NEXTJS_CACHE_WINDOW',
  /** Bound of the memory layer, in MiB; 0 turns it off. */
  CACHE_MEMORY: 'NEXTJS_CACHE_MEMORY',
  /** How long a request may wait for the stores altogether, in milliseconds. */
  CACHE_BUDGET: 'NEXTJS_CACHE_BUDGET',
  /** Largest difference between two writers' clocks that the mirror tolerates, in milliseconds. */
  CACHE_SKEW_BOUND: 'NEXTJS_CACHE_SKEW_BOUND',
  /** Upper bound of the tag rows that a replica keeps in memory; beyond it an entry's own tags are asked for. */
  CACHE_MIRROR_ROWS: 'NEXTJS_CACHE_MIRROR_ROWS',
  /** How long after its window a replica's view of the tags still counts as current, in milliseconds; the purge waits longer. */
  CACHE_SLACK: 'NEXTJS_CACHE_SLACK',
  /** How long a replica may regenerate an entry before another one may, in milliseconds. */
  CACHE_LEASE: 'NEXTJS_CACHE_LEASE',
  /** How long a request for an expired entry waits for the replica that regenerates it, in milliseconds. */
  CACHE_LEASE_WAIT: 'NEXTJS_CACHE_LEASE_WAIT',
  /** Bound of entries waiting to be written, in MiB. */
  CACHE_WRITE_BUFFER: 'NEXTJS_CACHE_WRITE_BUFFER',
  /** `1` lets builds share fetch entries; off, because an old build's data would roll content back. */
  CACHE_SHARED_FETCHES: 'NEXTJS_CACHE_SHARED_FETCHES',
  /** Number of partitions that a site's tag rows are spread over. */
  CACHE_TAG_SHARDS: 'NEXTJS_CACHE_TAG_SHARDS',
  /** Idle timeout of the load balancer, in seconds: the server's keep-alive is derived from it. */
  LOAD_BALANCER_IDLE_TIMEOUT: 'NEXTJS_LOAD_BALANCER_IDLE_TIMEOUT',
  /** Time between SIGTERM and SIGKILL, in seconds: ECS' `stopTimeout`. */
  STOP_TIMEOUT: 'NEXTJS_STOP_TIMEOUT',
  /** Least severe level that is logged: `debug`, `info`, `warn` or `error`. */
  LOG_LEVEL: 'NEXTJS_LOG_LEVEL',
  /** `0` turns CloudWatch embedded-metric lines off. */
  METRICS: 'NEXTJS_METRICS',
  /** How often embedded-metric lines are written, in seconds. */
  METRICS_PERIOD: 'NEXTJS_METRICS_PERIOD',
  /** `1` lets pages that a proxy (middleware) matches be kept in shared caches. */
  CACHE_PROXIED_ROUTES: 'NEXTJS_CACHE_PROXIED_ROUTES',
  /** How long shared caches may keep a 404 for which the app itself named no lifetime, in seconds. */
  NOT_FOUND_MAX_AGE: 'NEXTJS_NOT_FOUND_MAX_AGE',
  /** Response header that carries cache tags to CloudFront, for a distribution that reads them from another one than `Header.CACHE_TAG`. */
  CACHE_TAG_HEADER: 'NEXTJS_CACHE_TAG_HEADER',
} as const;
