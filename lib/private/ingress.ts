import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { NextjsInternetFacingOptions, NextjsListenerOptions } from '../nextjs-ingress';
import type { NextjsOrigin } from '../nextjs-origin';
import { acknowledgeOriginSecret } from './acknowledged-rules';
import { ConfigurationError } from './errors';
import { createLoadBalancer } from './load-balancer';
import { loadBalancerSubnets } from './network';
import type { Timeouts } from './timeouts';

/** What of a service its way in depends on. */
export interface IngressContext {
  readonly vpc: ec2.IVpc;
  readonly timeouts: Timeouts;
  readonly prefixListId?: string;
  readonly logBucket?: s3.IBucket;
}

/** A way in that has been made. */
export interface BoundIngress {
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  readonly listener: elbv2.IApplicationListener;
  readonly origin: NextjsOrigin;
  /** Sends to the tasks what comes in. */
  readonly forwardTo: (targetGroup: elbv2.ApplicationTargetGroup) => void;
}

export type BindIngress = (scope: Construct, context: IngressContext) => BoundIngress;

/** The header by which a public balancer knows CloudFront; no browser hears of it. */
const SECRET_HEADER = 'x-origin-secret';

/** What a listener rule can compare: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html */
const MOST_CONDITION_VALUES = 5;

export const bindVpcOrigin: BindIngress = (scope, { vpc, timeouts, ...context }) => {
  const loadBalancer = createLoadBalancer(scope, {
    ...context,
    vpc,
    vpcSubnets: loadBalancerSubnets(scope, 'NextjsService.vpc', vpc),
    internetFacing: false,
    port: 80,
    idleTimeout: timeouts.loadBalancerIdle,
  });
  const listener = loadBalancer.addListener('Listener', {
    port: 80,
    protocol: elbv2.ApplicationProtocol.HTTP,
    open: false,
  });
  return {
    loadBalancer,
    listener,
    origin: { loadBalancer },
    forwardTo: (targetGroup) => {
      listener.addTargetGroups('Tasks', { targetGroups: [targetGroup] });
    },
  };
};

/** The prefix list admits every distribution of CloudFront, also those of others: the secret admits this one. */
export function bindInternetFacing(options: NextjsInternetFacingOptions): BindIngress {
  return (scope, { vpc, timeouts, ...context }) => {
    requireCertificateOfRegion(scope, options.certificate);
    const loadBalancer = createLoadBalancer(scope, {
      ...context,
      vpc,
      vpcSubnets: publicSubnets(scope, vpc),
      internetFacing: true,
      port: 443,
      idleTimeout: timeouts.loadBalancerIdle,
    });
    const listener = loadBalancer.addListener('Listener', {
      port: 443,
      protocol: elbv2.ApplicationProtocol.HTTPS,
      certificates: [options.certificate],
      sslPolicy: elbv2.SslPolicy.RECOMMENDED_TLS,
      open: false,
      defaultAction: elbv2.ListenerAction.fixedResponse(403, { contentType: 'text/plain', messageBody: 'Forbidden' }),
    });
    const secret = new secretsmanager.Secret(scope, 'OriginSecret', {
      description: `What CloudFront says to the load balancer of ${scope.node.path}`,
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
    });
    acknowledgeOriginSecret(secret);
    // CloudFormation puts the value in place of a reference; the template never holds it.
    const value = secret.secretValue.unsafeUnwrap();
    addAliasRecord(scope, loadBalancer, options);
    return {
      loadBalancer,
      listener,
      origin: {
        loadBalancer,
        domainName: options.domainName,
        protocolPolicy: cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
        customHeaders: { [SECRET_HEADER]: value },
      },
      forwardTo: (targetGroup) => {
        new elbv2.ApplicationListenerRule(scope, 'FromCloudFront', {
          listener,
          priority: 1,
          conditions: [elbv2.ListenerCondition.httpHeader(SECRET_HEADER, [value])],
          targetGroups: [targetGroup],
        });
      },
    };
  };
}

export function bindListener(listener: elbv2.IApplicationListener, options: NextjsListenerOptions): BindIngress {
  return (scope, { logBucket }) => {
    requireConditions(scope, options.conditions);
    if (logBucket) throw foreignLogs(scope);
    const { loadBalancer, domainName } = options;
    const protocolPolicy =
      (options.protocol ?? (domainName === undefined ? HTTP : HTTPS)) === HTTPS
        ? cloudfront.OriginProtocolPolicy.HTTPS_ONLY
        : cloudfront.OriginProtocolPolicy.HTTP_ONLY;
    return {
      loadBalancer,
      listener,
      origin: { loadBalancer, domainName, port: options.port, protocolPolicy },
      forwardTo: (targetGroup) => {
        // A rule of this scope, not of the listener's: that one may be in another stack, which would then depend on this one.
        new elbv2.ApplicationListenerRule(scope, 'ListenerRule', {
          listener,
          priority: options.priority,
          conditions: options.conditions,
          targetGroups: [targetGroup],
        });
      },
    };
  };
}

const { HTTP, HTTPS } = elbv2.ApplicationProtocol;

function publicSubnets(scope: Construct, vpc: ec2.IVpc): ec2.SubnetSelection {
  if (vpc.publicSubnets.length > 0) return { subnetType: ec2.SubnetType.PUBLIC, onePerAz: true };
  throw new ConfigurationError({
    part: 'NextjsService.vpc',
    scope,
    problem: `the VPC ${vpc.node.path} has no public subnets, and an internet-facing load balancer needs them in two zones`,
    remedy: 'Give another VPC, or leave `ingress` out: NextjsIngress.vpcOrigin() needs none',
  });
}

function addAliasRecord(
  scope: Construct,
  loadBalancer: elbv2.ApplicationLoadBalancer,
  { hostedZone, domainName }: NextjsInternetFacingOptions,
): void {
  if (!hostedZone) return;
  const target = route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(loadBalancer));
  new route53.ARecord(scope, 'OriginRecord', { zone: hostedZone, recordName: domainName, target });
}

/** CloudFront's certificates live in us-east-1, a balancer's where it is itself: the two are easily confused. */
function requireCertificateOfRegion(scope: Construct, certificate: acm.ICertificate): void {
  const { region } = Stack.of(scope);
  if (Token.isUnresolved(certificate.certificateArn) || Token.isUnresolved(region)) return;
  const given = Arn.split(certificate.certificateArn, ArnFormat.SLASH_RESOURCE_NAME).region;
  if (given === region) return;
  throw new ConfigurationError({
    part: 'NextjsIngress.certificate',
    scope,
    problem: `a load balancer takes certificates of its own region, ${region}; received ${certificate.certificateArn}`,
    remedy: `Give a certificate of ACM in ${region}; the one for viewers, in us-east-1, is another`,
  });
}

function requireConditions(scope: Construct, conditions: readonly elbv2.ListenerCondition[]): void {
  if (conditions.length >= 1 && conditions.length <= MOST_CONDITION_VALUES) return;
  throw new ConfigurationError({
    part: 'NextjsIngress.conditions',
    scope,
    problem: `a listener rule has 1 to ${MOST_CONDITION_VALUES} conditions; received ${conditions.length}`,
    remedy:
      "Tell this site's requests apart, for example with elbv2.ListenerCondition.hostHeaders(['www.example.com'])",
  });
}

function foreignLogs(scope: Construct): ConfigurationError {
  return new ConfigurationError({
    part: 'NextjsService.loadBalancerLogBucket',
    scope,
    problem:
      'the load balancer of NextjsIngress.fromListener exists already, and its attributes are not changed from here',
    remedy: 'Turn access logs on where the load balancer is made: loadBalancer.logAccessLogs(bucket)',
  });
}
