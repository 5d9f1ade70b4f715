import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';

/** How CloudFront reaches a service: `service.origin`, for a distribution. */
export interface NextjsOrigin {
  /** The load balancer in front of the tasks. */
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /**
   * Public name of the load balancer.
   *
   * @default - the load balancer has none, and is reached by a VPC origin
   */
  readonly domainName?: string;
  /**
   * Port of the listener; 1 to 65535.
   *
   * @default - 443 with `protocolPolicy` HTTPS_ONLY, else 80
   */
  readonly port?: number;
  /**
   * What CloudFront speaks to the load balancer: HTTP_ONLY or HTTPS_ONLY.
   *
   * @default cloudfront.OriginProtocolPolicy.HTTP_ONLY
   */
  readonly protocolPolicy?: cloudfront.OriginProtocolPolicy;
  /**
   * Headers that CloudFront adds to each request, over the viewer's.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/add-origin-custom-headers.html
   * @default - none
   */
  readonly customHeaders?: Record<string, string>;
}
