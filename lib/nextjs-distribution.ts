import { Annotations, Duration, Token } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { NextjsBuild } from './nextjs-build';
import type { NextjsDistributionOptions } from './nextjs-distribution-options';
import type { NextjsOrigin } from './nextjs-origin';
import { NextjsPolicies } from './nextjs-policies';
import { NextjsWebAcl } from './nextjs-web-acl';
import { acknowledgeDistribution } from './private/acknowledged-rules';
import { acknowledgeAssetOrigin, createAssetOrigin } from './private/asset-origin';
import { ConfigurationError } from './private/errors';
import {
  aliasesOf,
  cacheTagHeaderOf,
  existingDistribution,
  pagePatterns,
  readCacheTags,
} from './private/existing-distribution';
import { pathsWithNextUrl } from './private/next-url';
import { createServerOrigin } from './private/server-origin';
import { Timeouts } from './private/timeouts';
import { addAliasRecords, siteCertificate } from './private/site-names';
import { compareVersions } from './private/versions';
import { LARGEST_FUNCTION, viewerRequestCode } from './private/viewer-request';

/** Properties of {@link NextjsDistribution}. */
export interface NextjsDistributionProps extends NextjsDistributionOptions {
  /** The app that is served. */
  readonly nextBuild: NextjsBuild;
  /** How CloudFront reaches the tasks: `service.origin`. */
  readonly origin: NextjsOrigin;
  /**
   * The bucket of the build's hashed files.
   *
   * @default - the tasks serve them
   */
  readonly assetBucket?: s3.IBucket;
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
  /**
   * CloudFront's way into the VPC.
   *
   * @default - the load balancer has a public name
   */
  public readonly vpcOrigin?: cloudfront.VpcOrigin;
  /** The function that sees each request before the cache does. */
  public readonly viewerRequestFunction: cloudfront.Function;
  /** The cache and header policies. */
  public readonly policies: NextjsPolicies;
  /** The response header by which CloudFront hears cache tags: of a given distribution the one that it had. */
  public readonly cacheTagHeader: string;
  /** Address of the site with the base path, without a slash at its end. */
  public readonly url: string;

  constructor(scope: Construct, id: string, props: NextjsDistributionProps) {
    super(scope, id);
    const existing = existingDistribution(this, props);
    const names = existing ? aliasesOf(existing) : (props.domainNames ?? []);
    this.cacheTagHeader = cacheTagHeaderOf(existing);
    this.policies = props.policies ?? this.createPolicies(props.nextBuild, names);
    this.refuseUnfitPolicies(props.nextBuild);
    this.warnOfUnknownAssetHost(props.nextBuild, names);
    const server = createServerOrigin(this, props.origin, new Timeouts(this, 'NextjsDistribution', props));
    this.vpcOrigin = server.vpcOrigin;
    this.viewerRequestFunction = this.createViewerRequestFunction(props);
    this.distribution = existing ?? this.createDistribution(props, this.pageBehavior(server.origin));
    this.addBehaviors(props, this.pageBehavior(server.origin), existing !== undefined);
    readCacheTags(this.distribution, this.cacheTagHeader);
    if (props.hostedZone) addAliasRecords(this, this.distribution, props.hostedZone, names);
    this.url = `https://${names[0] ?? this.distribution.distributionDomainName}${props.nextBuild.basePath}`;
  }

  private createPolicies(nextBuild: NextjsBuild, names: readonly string[]): NextjsPolicies {
    return new NextjsPolicies(this, 'Policies', {
      keyRouterHeaders: needsRouterHeaders(nextBuild),
      keyHost: names.filter((name) => name !== nextBuild._assetHost).length > 1,
      cacheTagHeader: this.cacheTagHeader,
    });
  }

  private createViewerRequestFunction(props: NextjsDistributionProps): cloudfront.Function {
    const code = viewerRequestCode({
      imagePath: props.nextBuild.imagePath,
      pathsWithNextUrl: this.policies._keysNextUrl ? undefined : pathsWithNextUrl(props.nextBuild._facts),
      cacheTagHeader: this.cacheTagHeader,
      userCode: props.viewerRequestCode,
    });
    this.requireFunctionSize(code);
    return new cloudfront.Function(this, 'ViewerRequest', {
      comment: 'Next.js: strips what a viewer may not say, makes equal prefetches one, normalises Accept of images',
      runtime: cloudfront.FunctionRuntime.JS_2_0,
      code: cloudfront.FunctionCode.fromInline(code),
    });
  }

  private createDistribution(
    props: NextjsDistributionProps,
    defaultBehavior: cloudfront.BehaviorOptions,
  ): cloudfront.Distribution {
    const certificate = siteCertificate(this, props);
    const webAclId = this.webAcl(props);
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      comment: this.node.path.slice(0, 128),
      defaultBehavior,
      domainNames: props.domainNames,
      certificate,
      // CloudFront's own certificate comes with a policy of its own.
      minimumProtocolVersion: certificate && cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: cloudfront.HttpVersion.HTTP2_AND_3,
      enableIpv6: true,
      webAclId,
      geoRestriction: props.geoRestriction,
      enableLogging: props.logBucket !== undefined,
      logBucket: props.logBucket,
      logFilePrefix: props.logBucket && 'cloudfront/',
      priceClass: props.priceClass ?? cloudfront.PriceClass.PRICE_CLASS_ALL,
      errorResponses: UNKEPT_ERRORS.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
    });
    acknowledgeDistribution(distribution, {
      webAcl: webAclId !== undefined,
      countries: props.geoRestriction !== undefined,
      certificate: certificate !== undefined,
    });
    return distribution;
  }

  private webAcl({ webAclId, defaultWebAcl = false }: NextjsDistributionProps): string | undefined {
    if (!defaultWebAcl) return webAclId;
    if (webAclId === undefined) return new NextjsWebAcl(this, 'WebAcl').webAclArn;
    throw new ConfigurationError({
      part: 'NextjsDistribution.defaultWebAcl',
      scope: this,
      problem: `a distribution has one web ACL, and webAclId is given as well (${webAclId})`,
      remedy: 'Leave one of the two out',
    });
  }

  /** CloudFront takes the first pattern that fits: the narrow ones come before the pages. */
  private addBehaviors(props: NextjsDistributionProps, page: cloudfront.BehaviorOptions, pages: boolean): void {
    const { nextBuild, assetBucket } = props;
    if (assetBucket) this.addStaticBehavior(nextBuild, assetBucket);
    if (nextBuild.imagePath) {
      const images = { ...page, cachePolicy: this.policies.imageCachePolicy };
      this.distribution.addBehavior(`${nextBuild.imagePath}*`, page.origin, images);
    }
    if (!pages) return;
    for (const pattern of pagePatterns(nextBuild.basePath)) this.distribution.addBehavior(pattern, page.origin, page);
  }

  private pageBehavior(origin: cloudfront.IOrigin): cloudfront.BehaviorOptions {
    return {
      origin,
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

  private addStaticBehavior(nextBuild: NextjsBuild, bucket: s3.IBucket): void {
    const origin = createAssetOrigin(this, bucket, this.distribution);
    this.distribution.addBehavior(`${nextBuild._staticPathPrefix}/_next/static/*`, origin, {
      cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
      // Fonts and modules from another host are read with CORS: https://developer.mozilla.org/docs/Web/HTTP/Guides/CORS
      responseHeadersPolicy: nextBuild._assetHost
        ? cloudfront.ResponseHeadersPolicy.CORS_ALLOW_ALL_ORIGINS_AND_SECURITY_HEADERS
        : this.policies.responseHeadersPolicy,
      viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      compress: true,
    });
    acknowledgeAssetOrigin(this.distribution);
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

  /** Another CDN may stand there and ask this one, so that it is no error. */
  private warnOfUnknownAssetHost({ _assetHost: host }: NextjsBuild, names: readonly string[]): void {
    if (host === undefined || names.includes(host) || names.some((name) => Token.isUnresolved(name))) return;
    Annotations.of(this).addWarningV2(
      'cdk-nextjs-ecs:assetHost',
      `the app asks ${host} for its files (assetPrefix), which is none of the distribution's names: ${names.join(', ') || 'it has only its own'}. ` +
        'Add it to `domainNames` and to the certificate, or point it to a CDN that asks this distribution',
    );
  }

  private refuseUnfitPolicies(nextBuild: NextjsBuild): void {
    if (!needsRouterHeaders(nextBuild) || this.policies.keyRouterHeaders) return;
    throw new ConfigurationError({
      part: 'NextjsDistribution.policies',
      scope: this,
      problem:
        "they key pages by the RSC header alone, which is enough only where Next.js checks `_rsc`: from Next.js 16.3, unless the app's " +
        `experimental.validateRSCRequestHeaders is false; the app has ${nextBuild.nextVersion}`,
      remedy: 'Make the shared NextjsPolicies with `keyRouterHeaders: true`, or leave `policies` out',
    });
  }
}

/** What CloudFront would keep for ten seconds whatever the server says. */
const UNKEPT_ERRORS = [404, 414, 500, 501, 502, 503, 504];

/** Where the server does not check that `_rsc` fits the router's headers, anybody could say which of their answers is kept under it. */
function needsRouterHeaders({ _facts: facts }: NextjsBuild): boolean {
  return !(facts.validateRSCRequestHeaders ?? compareVersions(facts.nextVersion, '16.3.0') >= 0);
}
