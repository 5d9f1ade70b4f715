import type { Duration } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as route53 from 'aws-cdk-lib/aws-route53';
import { type BindIngress, bindInternetFacing, bindListener, bindVpcOrigin } from './private/ingress';

/** What an internet-facing load balancer needs. */
export interface NextjsInternetFacingOptions {
  /**
   * Public name of the load balancer, which only CloudFront asks for: `origin.example.com`. Not a name of the site itself, which points
   * to CloudFront.
   */
  readonly domainName: string;
  /** A certificate for `domainName`, in the region of the load balancer. */
  readonly certificate: acm.ICertificate;
  /**
   * The public hosted zone of `domainName`, which gets a record that points to the load balancer.
   *
   * @default - none is made: make one yourself
   */
  readonly hostedZone?: route53.IHostedZone;
}

/** What has to be known of a listener that exists. */
export interface NextjsListenerOptions {
  /** The load balancer that the listener belongs to. Its security group has to admit CloudFront. */
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  /**
   * The load balancer's idle timeout (attribute `idle_timeout.timeout_seconds`). It has to be longer than `requestTimeout` and than the
   * 30 seconds that CloudFront keeps an idle connection; the server's keep-alive is derived from it.
   *
   * Its other attributes should be: `routing.http.drop_invalid_header_fields.enabled` true, `routing.http.desync_mitigation_mode`
   * defensive, `routing.http.preserve_host_header.enabled` true.
   *
   * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
   */
  readonly idleTimeout: Duration;
  /** What tells this site's requests from others: 1 to 5 conditions, for example the site's names as `hostHeaders`. */
  readonly conditions: elbv2.ListenerCondition[];
  /** Priority of the site's rule among the listener's: 1 to 50000, each once; the lowest number is asked first. */
  readonly priority: number;
  /**
   * Public name of the load balancer.
   *
   * @default - the load balancer is internal, and CloudFront reaches it by a VPC origin
   */
  readonly domainName?: string;
  /**
   * Protocol of the listener.
   *
   * @default - HTTPS where a `domainName` is given, else HTTP
   */
  readonly protocol?: elbv2.ApplicationProtocol;
  /**
   * Port of the listener; 1 to 65535.
   *
   * @default - 443 with HTTPS, 80 with HTTP
   */
  readonly port?: number;
}

/** How requests get from CloudFront to the tasks. */
export class NextjsIngress {
  /**
   * By an internal load balancer, which CloudFront reaches through a VPC origin; nothing else can, and the load balancer has no public
   * address to pay for. HTTP on port 80, inside of AWS' network.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
   */
  public static vpcOrigin(): NextjsIngress {
    return new NextjsIngress(bindVpcOrigin);
  }

  /**
   * By an internet-facing load balancer, for where VPC origins are not to be had (a flat-rate plan, a zone without them). It admits
   * CloudFront's addresses only, speaks HTTPS, and answers 403 to whoever does not know a secret of Secrets Manager, which CloudFront
   * sends in a header. About $7 a month more than an internal one, for two public addresses, and $0.40 for the secret.
   *
   * To replace the secret, generate a new value in Secrets Manager and deploy with a change of the distribution and the rule.
   *
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/restrict-access-to-load-balancer.html
   */
  public static internetFacing(options: NextjsInternetFacingOptions): NextjsIngress {
    return new NextjsIngress(bindInternetFacing(options));
  }

  /**
   * By a rule of a listener that exists, also one of another stack. Who else may reach that listener is not decided here.
   *
   * @param listener The listener that gets the site's rule.
   * @param options What has to be known of it and of its load balancer.
   */
  public static fromListener(listener: elbv2.IApplicationListener, options: NextjsListenerOptions): NextjsIngress {
    return new NextjsIngress(bindListener(listener, options), options);
  }

  /** @internal */
  public readonly _bind: BindIngress;
  /**
   * The load balancer that exists already.
   *
   * @internal
   */
  public readonly _existing?: NextjsListenerOptions;

  private constructor(bind: BindIngress, existing?: NextjsListenerOptions) {
    this._bind = bind;
    this._existing = existing;
  }
}
