import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { Construct } from 'constructs';
import { Header } from '../contract';
import { accountWideName } from './private/names';

/** Properties of {@link NextjsPolicies}. */
export interface NextjsPoliciesProps {
  /**
   * Whether the router's headers besides `RSC` are part of the pages' cache key. Next.js 16 refuses a request whose `_rsc` query does not
   * fit them; earlier versions do not, and need it.
   *
   * @default false
   */
  readonly keyRouterHeaders?: boolean;
}

/**
 * CloudFront policies fit for Next.js. An account may have 20 of each kind: sites may share one set.
 */
export class NextjsPolicies extends Construct {
  /** Keeps pages as long as the server says, and not at all where it says nothing. */
  public readonly pageCachePolicy: cloudfront.ICachePolicy;
  /** Keeps optimized images, one for each size, quality and format. */
  public readonly imageCachePolicy: cloudfront.ICachePolicy;
  /** Takes from the answers what only CloudFront needs, and adds security headers that the app has not set. */
  public readonly responseHeadersPolicy: cloudfront.IResponseHeadersPolicy;
  /** Whether {@link pageCachePolicy} keys the router's headers, as apps before Next.js 16 need it. */
  public readonly keyRouterHeaders: boolean;

  constructor(scope: Construct, id: string, props: NextjsPoliciesProps = {}) {
    super(scope, id);
    this.keyRouterHeaders = props.keyRouterHeaders ?? false;
    this.pageCachePolicy = this.createPagePolicy();
    this.imageCachePolicy = this.createImagePolicy();
    this.responseHeadersPolicy = this.createResponseHeadersPolicy();
  }

  private createPagePolicy(): cloudfront.CachePolicy {
    const routerHeaders = [
      'Next-Router-Prefetch',
      'Next-Router-Segment-Prefetch',
      'Next-Router-State-Tree',
      'Next-Url',
    ];
    return new cloudfront.CachePolicy(this, 'Page', {
      cachePolicyName: accountWideName(this, 110) + '-page',
      comment: 'Next.js pages: as long as the server says',
      ...cacheAsTheServerSays,
      queryStringBehavior: cloudfront.CacheQueryStringBehavior.all(),
      headerBehavior: cloudfront.CacheHeaderBehavior.allowList('RSC', ...(this.keyRouterHeaders ? routerHeaders : [])),
      cookieBehavior: cloudfront.CacheCookieBehavior.allowList('__prerender_bypass', '__next_preview_data'),
    });
  }

  private createImagePolicy(): cloudfront.CachePolicy {
    return new cloudfront.CachePolicy(this, 'Image', {
      cachePolicyName: accountWideName(this, 110) + '-image',
      comment: 'Next.js optimized images: by size, quality and accepted format',
      ...cacheAsTheServerSays,
      queryStringBehavior: cloudfront.CacheQueryStringBehavior.allowList('url', 'w', 'q', 'dpl'),
      headerBehavior: cloudfront.CacheHeaderBehavior.allowList('Accept'),
    });
  }

  private createResponseHeadersPolicy(): cloudfront.ResponseHeadersPolicy {
    return new cloudfront.ResponseHeadersPolicy(this, 'ResponseHeaders', {
      responseHeadersPolicyName: accountWideName(this, 128),
      comment: 'Next.js: removes cache tags, adds security headers',
      removeHeaders: [Header.CACHE_TAG],
      securityHeadersBehavior: {
        contentTypeOptions: { override: true },
        referrerPolicy: {
          referrerPolicy: cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN,
          override: false,
        },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: false, override: false },
      },
    });
  }
}

/** With any other minimum, `private` and `no-store` would not be honoured; with any other default, answers without Cache-Control be kept. */
const cacheAsTheServerSays = {
  minTtl: Duration.seconds(0),
  defaultTtl: Duration.seconds(0),
  maxTtl: Duration.days(365),
  enableAcceptEncodingGzip: true,
  enableAcceptEncodingBrotli: true,
};
