import { Annotations, Duration } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Header } from '../contract';
import type { NextjsBuild } from './nextjs-build';
import { NextjsPolicies } from './nextjs-policies';
import { ConfigurationError } from './private/errors';
import { accountWideName } from './private/names';
import { internetConnectivity } from './private/network';
import { Timeouts } from './private/timeouts';
import { addAliasRecords, siteCertificate } from './private/site-names';
import { LARGEST_FUNCTION, viewerRequestCode } from './private/viewer-request';

/** What may be chosen about the distribution. */
export interface NextjsDistributionOptions {
  /**
   * Names under which the site is reached; each needs a record that points to the distribution, and a place in `certificate`.
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
   * It shares the 10 KB of a function with about 2 KB of ours.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-javascript-runtime-20.html
   * @default - none
   */
  readonly viewerRequestCode?: string;
  /**
   * ARN of a WAF web ACL of scope CLOUDFRONT, which lives in us-east-1.
   *
   * @default - none
   */
  readonly webAclId?: string;
  /**
   * Countries that may or may not reach the site.
   *
   * @default - all may
   */
  readonly geoRestriction?: cloudfront.GeoRestriction;
  /**
   * A bucket with ACLs enabled for CloudFront's access logs.
   *
   * @default - no access logs
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

/** Properties of {@link NextjsDistribution}. */
export interface NextjsDistributionProps extends NextjsDistributionOptions {
  /** The app that is served. */
  readonly nextBuild: NextjsBuild;
  /** The internal load balancer in front of the tasks; HTTP on port 80. */
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /** The bucket of the build's hashed files. */
  readonly assetBucket: s3.IBucket;
  /**
   * How long a request may take until its first byte, and between any two pieces of its answer; 1 to 120 seconds. The load balancer's
   * idle timeout must be longer.
   *
   * @default Duration.seconds(60)
   */
  readonly requestTimeout?: Duration;
}

/**
 * CloudFront in front of the tasks and the asset bucket.
 *
 * Pages are kept as long as the server says, and answers carry cache tags by which they can be purged.
 */
export class NextjsDistribution extends Construct {
  /** The distribution. */
  public readonly distribution: cloudfront.Distribution;
  /** CloudFront's way into the VPC. */
  public readonly vpcOrigin: cloudfront.VpcOrigin;
  /** The function that sees each request before the cache does. */
  public readonly viewerRequestFunction: cloudfront.Function;
  /** The cache and header policies. */
  public readonly policies: NextjsPolicies;
  /** Address of the site with the base path, without a slash at its end. */
  public readonly url: string;

  constructor(scope: Construct, id: string, props: NextjsDistributionProps) {
    super(scope, id);
    this.policies =
      props.policies ?? new NextjsPolicies(this, 'Policies', { keyRouterHeaders: needsRouterHeaders(props.nextBuild) });
    this.refuseUnfitPolicies(props.nextBuild);
    this.vpcOrigin = this.createVpcOrigin(props.loadBalancer);
    this.viewerRequestFunction = this.createViewerRequestFunction(props);
    this.distribution = this.createDistribution(props);
    this.acknowledgeListing();
    this.readCacheTags();
    if (props.hostedZone) addAliasRecords(this, this.distribution, props.hostedZone, props.domainNames ?? []);
    this.url = `https://${props.domainNames?.[0] ?? this.distribution.distributionDomainName}${props.nextBuild.basePath}`;
  }

  private createVpcOrigin(loadBalancer: elbv2.IApplicationLoadBalancer): cloudfront.VpcOrigin {
    const vpcOrigin = new cloudfront.VpcOrigin(this, 'VpcOrigin', {
      endpoint: cloudfront.VpcOriginEndpoint.applicationLoadBalancer(loadBalancer),
      vpcOriginName: accountWideName(this, 64),
      // Inside AWS' network and the VPC; the balancer needs no certificate and no public name.
      protocolPolicy: cloudfront.OriginProtocolPolicy.HTTP_ONLY,
    });
    // CloudFront refuses a VPC whose internet gateway is not attached yet.
    if (loadBalancer.vpc) vpcOrigin.node.addDependency(...internetConnectivity(loadBalancer.vpc));
    return vpcOrigin;
  }

  private createViewerRequestFunction(props: NextjsDistributionProps): cloudfront.Function {
    const code = viewerRequestCode({ imagePath: props.nextBuild.imagePath, userCode: props.viewerRequestCode });
    this.requireFunctionSize(code);
    return new cloudfront.Function(this, 'ViewerRequest', {
      comment: 'Next.js: strips what a viewer may not say, normalises Accept of images',
      runtime: cloudfront.FunctionRuntime.JS_2_0,
      code: cloudfront.FunctionCode.fromInline(code),
    });
  }

  private createDistribution(props: NextjsDistributionProps): cloudfront.Distribution {
    const page = this.pageBehavior(props);
    const certificate = siteCertificate(this, props);
    return new cloudfront.Distribution(this, 'Distribution', {
      comment: this.node.path.slice(0, 128),
      defaultBehavior: page,
      additionalBehaviors: {
        [`${props.nextBuild._staticPathPrefix}/_next/static/*`]: this.staticBehavior(props.assetBucket),
        ...(props.nextBuild.imagePath && {
          [`${props.nextBuild.imagePath}*`]: { ...page, cachePolicy: this.policies.imageCachePolicy },
        }),
      },
      domainNames: props.domainNames,
      certificate,
      // CloudFront's own certificate comes with a policy of its own.
      minimumProtocolVersion: certificate && cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      enableIpv6: true,
      webAclId: props.webAclId,
      geoRestriction: props.geoRestriction,
      enableLogging: props.logBucket !== undefined,
      logBucket: props.logBucket,
      priceClass: props.priceClass ?? cloudfront.PriceClass.PRICE_CLASS_ALL,
      errorResponses: UNKEPT_ERRORS.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
    });
  }

  private pageBehavior(props: NextjsDistributionProps): cloudfront.BehaviorOptions {
    const timeouts = new Timeouts(this, 'NextjsDistribution', props);
    return {
      origin: origins.VpcOrigin.withVpcOrigin(this.vpcOrigin, {
        readTimeout: timeouts.originRead,
        keepaliveTimeout: timeouts.originKeepAlive,
        connectionTimeout: Duration.seconds(5),
        connectionAttempts: 2,
      }),
      cachePolicy: this.policies.pageCachePolicy,
      originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_AND_CLOUDFRONT_2022,
      responseHeadersPolicy: this.policies.responseHeadersPolicy,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
      compress: true,
      functionAssociations: [
        { eventType: cloudfront.FunctionEventType.VIEWER_REQUEST, function: this.viewerRequestFunction },
      ],
    };
  }

  private staticBehavior(bucket: s3.IBucket): cloudfront.BehaviorOptions {
    return {
      origin: origins.S3BucketOrigin.withOriginAccessControl(bucket, {
        originAccessControl: new cloudfront.S3OriginAccessControl(this, 'AssetAccess', {
          originAccessControlName: accountWideName(this, 64),
          signing: cloudfront.Signing.SIGV4_ALWAYS,
        }),
        // Without LIST, S3 answers 403 for a file that is missing.
        originAccessLevels: [cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST],
      }),
      cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
      responseHeadersPolicy: this.policies.responseHeadersPolicy,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      compress: true,
    };
  }

  /** A listing is asked of a bucket's root, and only paths below the static prefix go to the bucket. */
  private acknowledgeListing(): void {
    Annotations.of(this.distribution).acknowledgeWarning(
      '@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk',
      'The bucket is not the default origin, and no path that reaches it is its root',
    );
  }

  /** No property of the L2 construct yet. */
  private readCacheTags(): void {
    const distribution = this.distribution.node.defaultChild as cloudfront.CfnDistribution;
    distribution.addPropertyOverride('DistributionConfig.CacheTagConfig.HeaderName', Header.CACHE_TAG);
  }

  private requireFunctionSize(code: string): void {
    const size = Buffer.byteLength(code);
    if (size <= LARGEST_FUNCTION) return;
    throw new ConfigurationError({
      part: 'NextjsDistribution.viewerRequestCode',
      scope: this,
      problem: `a CloudFront Function may have ${LARGEST_FUNCTION} bytes; with it the viewer-request function has ${size}`,
      remedy: 'Shorten it, or answer such requests in the app',
    });
  }

  private refuseUnfitPolicies(nextBuild: NextjsBuild): void {
    if (!needsRouterHeaders(nextBuild) || this.policies.keyRouterHeaders) return;
    throw new ConfigurationError({
      part: 'NextjsDistribution.policies',
      scope: this,
      problem: `they key pages by the RSC header alone, which is enough from Next.js 16; the app has ${nextBuild.nextVersion}`,
      remedy: 'Make the shared NextjsPolicies with `keyRouterHeaders: true`, or leave `policies` out',
    });
  }
}

/** What CloudFront would keep for ten seconds whatever the server says. */
const UNKEPT_ERRORS = [404, 414, 500, 501, 502, 503, 504];

/** Before Next.js 16 the server does not check that `_rsc` fits the router's headers, so the key has to hold them. */
function needsRouterHeaders(nextBuild: NextjsBuild): boolean {
  return Number.parseInt(nextBuild.nextVersion, 10) < 16;
}
