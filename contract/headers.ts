/** Header names that more than one wing speaks of. All lower case, as Node.js gives them. */
export const Header = {
  /** Carries the hashed cache tags of a response to CloudFront, comma-separated; removed towards viewers. */
  CACHE_TAG: 'x-nextjs-cache-tag',
  /** Carries the cache handler's verdict from a cached value to the response policy; never leaves the server. */
  VERDICT: 'x-nextjs-verdict',
} as const;
