import { TokenBucket } from '../token-bucket';
import { CloudFrontError } from './cloudfront-error';

export interface InvalidationQuotaOptions {
  /** Paths and tags a second. @default 150 */
  readonly itemsPerSecond?: number;
  /** Paths with a wildcard a second. @default 1 */
  readonly wildcardsPerSecond?: number;
}

/** What one request may hold: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html */
const MAX_BATCH = 3000;

/** CloudFront's quota of invalidations. One request may hold more than a second's items; later ones then wait the longer. */
export class InvalidationQuota {
  private readonly items: TokenBucket;
  private readonly wildcards: TokenBucket;

  constructor({ itemsPerSecond = 150, wildcardsPerSecond = 1 }: InvalidationQuotaOptions, now: () => number) {
    this.items = new TokenBucket(itemsPerSecond, now);
    this.wildcards = new TokenBucket(wildcardsPerSecond, now);
  }

  /** @throws CloudFrontError when the quota is used up; then nothing is counted */
  take(items: readonly string[]): void {
    if (items.length > MAX_BATCH) {
      throw new CloudFrontError(
        413,
        'BatchTooLarge',
        `Invalidation batch specified is too large: ${items.length} items.`,
      );
    }
    const wildcards = items.filter((item) => !item.startsWith('#') && item.endsWith('*')).length;
    if (!this.items.isOpen() || (wildcards > 0 && !this.wildcards.isOpen())) {
      throw CloudFrontError.tooManyInvalidations(
        'Processing your request will cause you to exceed the maximum number of in-progress invalidations.',
      );
    }
    this.items.take(items.length);
    this.wildcards.take(wildcards);
  }
}
