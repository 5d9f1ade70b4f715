import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { NextjsPolicies } from './nextjs-policies';

/** What may be chosen about the distribution. */
export interface NextjsDistributionOptions {
  /**
   * A distribution of the same app, also of another stack, that gets the site's behaviours: for the paths at and below the app's `basePath`,
   * or `/*`, which has to be the last of its behaviours. Whatever a distribution has but once is its own: names, certificate, web ACL, logs,
   * error caching. The response header by which it reads cache tags is adopted where it has one.
   *
   * @default - a new one
   */
  readonly distribution?: cloudfront.IDistribution;
  /**
   * Names under which the site is reached; each needs a record that points to the distribution, and a place in `certificate`. Where there is
   * more than one, pages are kept apart by name; the host of an `assetPrefix` is to be among them and does not count.
   *
   * @default - the distribution's own name, `<id>.cloudfront.net`
   */
  readonly domainNames?: string[];
  /**
   * A certificate in us-east-1 for `domainNames`.
   *
   * @default - a new one where `hostedZone` is given; else CloudFront's own, for its own name
   */
  readonly certificate?: acm.ICertificate;
  /**
   * The public hosted zone of `domainNames`: gets their records and, in a stack in us-east-1 without a given `certificate`, those that
   * prove a new certificate.
   *
   * @default - no records are made
   */
  readonly hostedZone?: route53.IHostedZone;
  /**
   * Code that sees each request for pages and images after what a viewer may not say was removed, before the cache: JavaScript for
   * CloudFront Functions (runtime 2.0) that defines `function viewerRequest(event)` and returns `event.request` or a response.
   * It shares the 10 KB of a function with about 3 KB of ours.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
   * @default - none
   */
  readonly viewerRequestCode?: string;
  /**
   * ARN of a WAF web ACL of scope CLOUDFRONT, which lives in us-east-1.
   *
   * @default - none, unless `defaultWebAcl`
   */
  readonly webAclId?: string;
  /**
   * Whether a {@link NextjsWebAcl} is made for the distribution, in a stack in us-east-1. About $8 a month.
   *
   * @default false
   */
  readonly defaultWebAcl?: boolean;
  /**
   * Countries that may or may not reach the site.
   *
   * @default - all may
   */
  readonly geoRestriction?: cloudfront.GeoRestriction;
  /**
   * A bucket with ACLs enabled for CloudFront's access logs.
   *
   * @default - no access logs; a NextjsSite makes a bucket for them
   */
  readonly logBucket?: s3.IBucket;
  /**
   * The locations that CloudFront answers from.
   *
   * @default cloudfront.PriceClass.PRICE_CLASS_ALL
   */
  readonly priceClass?: cloudfront.PriceClass;
  /**
   * Policies to share with other sites of the account, which may have 20 of each kind.
   *
   * @default - new ones
   */
  readonly policies?: NextjsPolicies;
}
