import { App, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { NextjsBuild, NextjsIngress, NextjsSite } from 'cdk-nextjs-ecs';
import type { Construct } from 'constructs';

/** What a platform team has made already: a network, a cluster, and an internal load balancer whose listener all sites share. */
class PlatformStack extends Stack {
  readonly cluster: ecs.Cluster;
  readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  readonly listener: elbv2.ApplicationListener;
  readonly idleTimeout = Duration.seconds(120);

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 1,
      gatewayEndpoints: {
        S3: { service: ec2.GatewayVpcEndpointAwsService.S3 },
        DynamoDb: { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB },
      },
    });
    this.cluster = new ecs.Cluster(this, 'Cluster', { vpc });
    const securityGroup = new ec2.SecurityGroup(this, 'LoadBalancerSecurityGroup', { vpc, allowAllOutbound: false });
    const cloudFront = ec2.PrefixList.fromPrefixListId(this, 'CloudFront', 'pl-3b927c52'); // of us-east-1
    securityGroup.addIngressRule(
      ec2.Peer.prefixList(cloudFront.prefixListId),
      ec2.Port.tcp(80),
      'HTTP from CloudFront',
    );
    this.loadBalancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      securityGroup,
      idleTimeout: this.idleTimeout,
      dropInvalidHeaderFields: true,
      desyncMitigationMode: elbv2.DesyncMitigationMode.DEFENSIVE,
      preserveHostHeader: true,
    });
    this.listener = this.loadBalancer.addListener('Http', {
      port: 80,
      open: false,
      defaultAction: elbv2.ListenerAction.fixedResponse(404),
    });
  }
}

interface ShopStackProps extends StackProps {
  readonly platform: PlatformStack;
}

/** The site: tasks in that cluster and network, behind a rule of that listener. */
class ShopStack extends Stack {
  constructor(scope: Construct, id: string, { platform, ...props }: ShopStackProps) {
    super(scope, id, props);
    new NextjsSite(this, 'Site', {
      nextBuild: NextjsBuild.fromDirectory('../storefront'),
      cluster: platform.cluster,
      ingress: NextjsIngress.fromListener(platform.listener, {
        loadBalancer: platform.loadBalancer,
        idleTimeout: platform.idleTimeout,
        // Pages of other sites come with other names. CloudFront passes on the one that the viewer asked for.
        conditions: [elbv2.ListenerCondition.hostHeaders(['shop.example.com', '*.cloudfront.net'])],
        priority: 10,
      }),
      cpu: 512,
      memoryLimitMiB: 1024,
    });
  }
}

const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: 'us-east-1' };
const platform = new PlatformStack(app, 'Platform', { env });
new ShopStack(app, 'Shop', { env, platform });
