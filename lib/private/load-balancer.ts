import { CfnResource, type Duration, Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { originFacingPrefixListId } from './origin-facing-prefix-list';

export interface LoadBalancerOptions {
  readonly vpc: ec2.IVpc;
  readonly vpcSubnets: ec2.SubnetSelection;
  readonly internetFacing: boolean;
  /** The one port that CloudFront may reach. */
  readonly port: number;
  readonly idleTimeout: Duration;
  readonly prefixListId?: string;
  readonly logBucket?: s3.IBucket;
}

/** A balancer that lets streams flow, refuses bad headers, and that nobody but CloudFront reaches. */
export function createLoadBalancer(scope: Construct, options: LoadBalancerOptions): elbv2.ApplicationLoadBalancer {
  const loadBalancer = new elbv2.ApplicationLoadBalancer(scope, 'LoadBalancer', {
    vpc: options.vpc,
    vpcSubnets: options.vpcSubnets,
    internetFacing: options.internetFacing,
    securityGroup: createSecurityGroup(scope, options),
    idleTimeout: options.idleTimeout,
    http2Enabled: true,
    dropInvalidHeaderFields: true,
    desyncMitigationMode: elbv2.DesyncMitigationMode.DEFENSIVE,
    // Next compares the viewer's Host with the Origin of a server action.
    preserveHostHeader: true,
  });
  if (options.logBucket) writeAccessLogs(loadBalancer, options.logBucket);
  return loadBalancer;
}

function createSecurityGroup(scope: Construct, options: LoadBalancerOptions): ec2.SecurityGroup {
  const { vpc, port } = options;
  const protocol = port === 443 ? 'HTTPS' : 'HTTP';
  const securityGroup = new ec2.SecurityGroup(scope, 'LoadBalancerSecurityGroup', {
    vpc,
    description: `Load balancer: ${protocol} from CloudFront only`,
    allowAllOutbound: false,
  });
  const prefixListId = options.prefixListId ?? originFacingPrefixListId(scope, 'NextjsService.cloudFrontPrefixListId');
  securityGroup.addIngressRule(ec2.Peer.prefixList(prefixListId), ec2.Port.tcp(port), `${protocol} from CloudFront`);
  return securityGroup;
}

/**
 * As `logAccessLogs` does, but for stacks without a region as well: the service's principal is the same in all of them.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
 */
function writeAccessLogs(loadBalancer: elbv2.ApplicationLoadBalancer, bucket: s3.IBucket): void {
  loadBalancer.setAttribute('access_logs.s3.enabled', 'true');
  loadBalancer.setAttribute('access_logs.s3.bucket', bucket.bucketName);
  bucket.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('logdelivery.elasticloadbalancing.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [bucket.arnForObjects(`AWSLogs/${Stack.of(loadBalancer).account}/*`)],
    }),
  );
  const [balancer, policy] = [loadBalancer.node.defaultChild, bucket.policy?.node.defaultChild];
  // The balancer tries to write as soon as it is told to.
  if (balancer instanceof CfnResource && policy instanceof CfnResource) balancer.addResourceDependency(policy);
}
