import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { Construct } from 'constructs';
import { Header } from '../contract';
import { ConfigurationError } from './private/errors';
import { accountWideName } from './private/names';

/** Properties of {@link NextjsPolicies}. */
export interface NextjsPoliciesProps {
  /**
   * Whether the router's headers besides `RSC` are part of the pages' cache key. From 16.3 on Next.js refuses a request whose `_rsc` query
   * does not fit them, unless the app sets `experimental.validateRSCRequestHeaders` to false; all other apps need it.
   *
   * @default false
   */
  readonly keyRouterHeaders?: boolean;
  /**
   * Whether the name that the viewer asked for is part of the pages' cache key, as apps need it that answer by it: `i18n.domains`, several
   * tenants.
   *
   * @default false
   */
  readonly keyHost?: boolean;
  /**
   * More headers of the pages' cache key, for answers that differ by them: `CloudFront-Viewer-Country`. Each value is kept apart, so that
   * the site is asked once for each. CloudFront takes 10 headers in all, and the others here are 1 to 6. With `Next-Url` among them a prefetch
   * is kept apart for each page that shows the link, and the app's proxy can read the header.
   *
   * @default - none
   */
  readonly keyHeaders?: string[];
  /**
   * More cookies of the pages' cache key besides those of Next's draft mode; 8 at most.
   *
   * @default - none
   */
  readonly keyCookies?: string[];
  /**
   * The response header that tells CloudFront the cache tags of an answer; it is kept from viewers.
   *
   * @default 'x-nextjs-cache-tag'
   */
  readonly cacheTagHeader?: string;
  /**
   * A cache policy for pages, in place of a new one. It has to have minimum and default TTL 0, and in its key all queries, the header `RSC`
   * and the cookies `__prerender_bypass` and `__next_preview_data`.
   *
   * @default - a new one
   */
  readonly pageCachePolicy?: cloudfront.ICachePolicy;
  /**
   * A cache policy for optimized images, in place of a new one. It has to have minimum and default TTL 0, and in its key the queries `url`,
   * `w`, `q` and `dpl` and the header `Accept`.
   *
   * @default - a new one
   */
  readonly imageCachePolicy?: cloudfront.ICachePolicy;
  /**
   * A policy for the headers of answers, in place of a new one. It should remove `cacheTagHeader`.
   *
   * @default - a new one
   */
  readonly responseHeadersPolicy?: cloudfront.IResponseHeadersPolicy;
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
  /** Whether {@link pageCachePolicy} keys the router's headers, as apps before Next.js 16.3 need it; unknown of a given policy. */
  public readonly keyRouterHeaders: boolean;
  /**
   * Whether the app's answers differ by `next-url`, as only who has written the app can know.
   *
   * @internal
   */
  public readonly _keysNextUrl: boolean;

  constructor(scope: Construct, id: string, props: NextjsPoliciesProps = {}) {
    super(scope, id);
    this.keyRouterHeaders = props.keyRouterHeaders ?? props.pageCachePolicy !== undefined;
    this._keysNextUrl = (props.keyHeaders ?? []).some((name) => isSameHeader(name, 'Next-Url'));
    this.pageCachePolicy = props.pageCachePolicy ?? this.createPagePolicy(props);
    this.imageCachePolicy = props.imageCachePolicy ?? this.createImagePolicy();
    this.responseHeadersPolicy =
      props.responseHeadersPolicy ?? this.createResponseHeadersPolicy(props.cacheTagHeader ?? Header.CACHE_TAG);
  }

  private createPagePolicy(props: NextjsPoliciesProps): cloudfront.CachePolicy {
    const own = ['RSC', ...(this.keyRouterHeaders ? ROUTER_HEADERS : []), ...(props.keyHost ? ['Host'] : [])];
    const headers = [
      ...own,
      ...(props.keyHeaders ?? []).filter((name) => !own.some((known) => isSameHeader(known, name))),
    ];
    const cookies = [...DRAFT_COOKIES, ...(props.keyCookies ?? [])];
    this.requireAtMostTen('keyHeaders', 'headers', headers);
    this.requireAtMostTen('keyCookies', 'cookies', cookies);
    return new cloudfront.CachePolicy(this, 'Page', {
      cachePolicyName: accountWideName(this, 110) + '-page',
      comment: 'Next.js pages: as long as the server says',
      ...cacheAsTheServerSays,
      queryStringBehavior: cloudfront.CacheQueryStringBehavior.all(),
      headerBehavior: cloudfront.CacheHeaderBehavior.allowList(...headers),
      cookieBehavior: cloudfront.CacheCookieBehavior.allowList(...cookies),
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

  private createResponseHeadersPolicy(cacheTagHeader: string): cloudfront.ResponseHeadersPolicy {
    return new cloudfront.ResponseHeadersPolicy(this, 'ResponseHeaders', {
      responseHeadersPolicyName: accountWideName(this, 128),
      comment: 'Next.js: removes cache tags, adds security headers',
      removeHeaders: [cacheTagHeader],
      securityHeadersBehavior: {
        contentTypeOptions: { override: true },
        frameOptions: { frameOption: cloudfront.HeadersFrameOption.SAMEORIGIN, override: false },
        referrerPolicy: {
          referrerPolicy: cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN,
          override: false,
        },
        strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: false, override: false },
      },
    });
  }

  /** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-policies */
  private requireAtMostTen(prop: string, what: string, names: readonly string[]): void {
    if (names.length <= MOST_KEYS) return;
    throw new ConfigurationError({
      part: `NextjsPolicies.${prop}`,
      scope: this,
      problem: `a cache key may have ${MOST_KEYS} ${what}; received ${names.length} with Next's own: ${names.join(', ')}`,
      remedy:
        'Leave some out: each divides what the cache can share, and every request still brings all of them to the app',
    });
  }
}

function isSameHeader(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

const MOST_KEYS = 10;
const ROUTER_HEADERS = ['Next-Router-Prefetch', 'Next-Router-Segment-Prefetch', 'Next-Router-State-Tree', 'Next-Url'];
const DRAFT_COOKIES = ['__prerender_bypass', '__next_preview_data'];

/** With any other minimum, `private` and `no-store` would not be honoured; with any other default, answers without Cache-Control be kept. */
const cacheAsTheServerSays = {
  minTtl: Duration.seconds(0),
  defaultTtl: Duration.seconds(0),
  maxTtl: Duration.days(365),
  enableAcceptEncodingGzip: true,
  enableAcceptEncodingBrotli: true,
};
