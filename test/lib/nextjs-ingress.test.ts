import { Duration, Stack, Stage } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { NextjsBuild, NextjsCache, NextjsIngress, NextjsService, NextjsSite } from '../../lib';
import { appWithBundle } from './bundle';
import { type Flags, resources, synthesize, theResource } from './synthesis';

const FLAGS: Flags[] = ['recommended flags', 'no flags'];
const CERTIFICATE = 'arn:aws:acm:eu-central-1:111122223333:certificate/1';
const ENV = { account: '111122223333', region: 'eu-central-1' };

const site = (stack: Stack, ingress: NextjsIngress, props = {}) =>
  new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(appWithBundle()), ingress, ...props });

/** A balancer that a platform team made, with the listener that sites get rules of. */
function platform(scope: Stack) {
  const vpc = new ec2.Vpc(scope, 'Vpc', { restrictDefaultSecurityGroup: false });
  const loadBalancer = new elbv2.ApplicationLoadBalancer(scope, 'Shared', {
    vpc,
    idleTimeout: Duration.seconds(90),
    dropInvalidHeaderFields: true,
  });
  const listener = loadBalancer.addListener('Http', {
    port: 8080,
    protocol: elbv2.ApplicationProtocol.HTTP,
    open: false,
    defaultAction: elbv2.ListenerAction.fixedResponse(404),
  });
  return { vpc, loadBalancer, listener };
}

function ruleOn({ listener, loadBalancer }: ReturnType<typeof platform>, changes = {}) {
  return NextjsIngress.fromListener(listener, {
    loadBalancer,
    idleTimeout: Duration.seconds(90),
    conditions: [elbv2.ListenerCondition.hostHeaders(['www.example.com'])],
    priority: 7,
    port: 8080,
    ...changes,
  });
}

const attributesOf = (template: Template) =>
  Object.fromEntries(
    (
      theResource(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer').Properties.LoadBalancerAttributes as {
        Key: string;
        Value: unknown;
      }[]
    ).map(({ Key, Value }) => [Key, Value]),
  );

describe('an internal load balancer', () => {
  const { template } = synthesize((stack) => site(stack, NextjsIngress.vpcOrigin()));

  it('lets streams flow, refuses bad headers, and keeps the name that the viewer asked for', () => {
    expect(attributesOf(template)).toMatchObject({
      'idle_timeout.timeout_seconds': '120',
      'routing.http.drop_invalid_header_fields.enabled': 'true',
      'routing.http.desync_mitigation_mode': 'defensive',
      'routing.http.preserve_host_header.enabled': 'true',
    });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
      ProtocolVersion: 'HTTP1',
      TargetGroupAttributes: Match.arrayWith([
        { Key: 'load_balancing.algorithm.type', Value: 'least_outstanding_requests' },
      ]),
    });
  });

  it('is what a service has by default', () => {
    const byDefault = synthesize((stack) => {
      new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(appWithBundle()) });
    });
    expect(byDefault.template.toJSON()).toEqual(template.toJSON());
  });
});

describe('access logs of the load balancer', () => {
  const logging = (env?: typeof ENV) =>
    synthesize(
      (stack) => {
        const vpc = new ec2.Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false });
        new NextjsService(stack, 'Service', {
          nextBuild: NextjsBuild.fromDirectory(appWithBundle()),
          cache: new NextjsCache(stack, 'Cache'),
          vpc,
          loadBalancerLogBucket: new s3.Bucket(stack, 'Logs'),
        });
      },
      { env },
    ).template;

  it('are written on request, also by a stack without a region of its own', () => {
    for (const template of [logging(), logging(ENV)]) {
      expect(attributesOf(template)).toMatchObject({
        'access_logs.s3.enabled': 'true',
        'access_logs.s3.bucket': { Ref: expect.stringMatching(/^Logs/) as string },
      });
      template.hasResourceProperties('AWS::S3::BucketPolicy', {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Action: 's3:PutObject',
              Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
            }),
          ]),
        },
      });
      const { DependsOn } = theResource(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
      expect(DependsOn).toContainEqual(expect.stringMatching(/^LogsPolicy/));
    }
  });
});

describe('an internet-facing load balancer', () => {
  const define = (stack: Stack) => {
    const certificate = acm.Certificate.fromCertificateArn(stack, 'OriginCertificate', CERTIFICATE);
    const hostedZone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
      hostedZoneId: 'Z1',
      zoneName: 'example.com',
    });
    site(stack, NextjsIngress.internetFacing({ domainName: 'origin.example.com', certificate, hostedZone }));
  };
  const { template } = synthesize(define, { env: ENV });

  it.each(FLAGS)('passes the validator of CloudFormation without a warning, with %s', (flags) => {
    expect(synthesize(define, { env: ENV, flags, validated: true }).findings).toEqual([]);
  });

  it('speaks HTTPS only, to the addresses of CloudFront only', () => {
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internet-facing' });
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
      Port: 443,
      Protocol: 'HTTPS',
      Certificates: [{ CertificateArn: CERTIFICATE }],
    });
    const ingress = resources(template).flatMap(([, { Type, Properties }]) =>
      Type === 'AWS::EC2::SecurityGroupIngress' ? [Properties] : [],
    );
    expect(ingress.filter(({ FromPort }) => FromPort !== 3000)).toEqual([
      expect.objectContaining({ FromPort: 443, SourcePrefixListId: 'pl-a3a144ca' }),
    ]);
    template.allResourcesProperties('AWS::EC2::SecurityGroup', { SecurityGroupIngress: Match.absent() });
  });

  it('answers 403 to whoever does not send what CloudFront sends', () => {
    const listener = theResource(template, 'AWS::ElasticLoadBalancingV2::Listener').Properties;
    expect(listener.DefaultActions).toEqual([
      { Type: 'fixed-response', FixedResponseConfig: expect.objectContaining({ StatusCode: '403' }) as unknown },
    ]);
    const { Conditions } = theResource(template, 'AWS::ElasticLoadBalancingV2::ListenerRule').Properties as {
      Conditions: { HttpHeaderConfig: { HttpHeaderName: string; Values: [unknown] } }[];
    };
    const origins = (
      theResource(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig as {
        Origins: { DomainName: unknown; OriginCustomHeaders?: unknown; CustomOriginConfig?: unknown }[];
      }
    ).Origins;
    const origin = origins.find(({ DomainName }) => DomainName === 'origin.example.com');
    expect(origin).toMatchObject({
      OriginCustomHeaders: [{ HeaderName: 'x-origin-secret', HeaderValue: Conditions[0]?.HttpHeaderConfig.Values[0] }],
      CustomOriginConfig: { OriginProtocolPolicy: 'https-only' },
    });
    expect(JSON.stringify(Conditions)).toContain('{{resolve:secretsmanager:');
  });

  it('is found by its name, and needs no VPC origin', () => {
    template.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'origin.example.com.', Type: 'A' });
    template.resourceCountIs('AWS::CloudFront::VpcOrigin', 0);
  });

  it('refuses a certificate of another region', () => {
    const attempt = () =>
      synthesize(
        (stack) => {
          const arn = CERTIFICATE.replace('eu-central-1', 'us-east-1');
          const certificate = acm.Certificate.fromCertificateArn(stack, 'OriginCertificate', arn);
          site(stack, NextjsIngress.internetFacing({ domainName: 'origin.example.com', certificate }));
        },
        { env: ENV },
      );
    expect(attempt).toThrow(/certificates of its own region, eu-central-1; received arn:aws:acm:us-east-1/);
  });
});

describe('a listener that exists', () => {
  const define = (stack: Stack) => {
    site(stack, ruleOn(platform(stack)));
  };
  const { template } = synthesize(define);

  it.each(FLAGS)('passes the validator of CloudFormation without a warning, with %s', (flags) => {
    expect(synthesize(define, { flags, validated: true }).findings).toEqual([]);
  });

  it("gets one rule, and the service the listener's network", () => {
    template.resourceCountIs('AWS::ElasticLoadBalancingV2::LoadBalancer', 1);
    template.resourceCountIs('AWS::EC2::VPC', 1);
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', {
      Priority: 7,
      Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['www.example.com'] } }],
      Actions: [{ Type: 'forward' }],
    });
  });

  it('is reached by a VPC origin at its own port', () => {
    template.hasResourceProperties('AWS::CloudFront::VpcOrigin', {
      VpcOriginEndpointConfig: { HTTPPort: 8080, OriginProtocolPolicy: 'http-only' },
    });
  });

  it('is the only one that reaches the tasks', () => {
    const rules = resources(template).filter(([, { Type }]) => Type === 'AWS::EC2::SecurityGroupIngress');
    expect(rules.map(([, { Properties }]) => Properties)).toEqual([
      expect.objectContaining({
        FromPort: 3000,
        SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringMatching(/^SharedSecurityGroup/) as string, 'GroupId'] },
      }),
    ]);
  });

  it('makes the service wait for its rule, without which it would have no load balancer', () => {
    const { DependsOn } = theResource(template, 'AWS::ECS::Service');
    expect(DependsOn).toContainEqual(expect.stringMatching(/ListenerRule/));
  });

  it("is told to the server, whose keep-alive outlasts the load balancer's", () => {
    const [container] = theResource(template, 'AWS::ECS::TaskDefinition').Properties.ContainerDefinitions as {
      Environment: unknown[];
    }[];
    expect(container?.Environment).toContainEqual({ Name: 'NEXTJS_LOAD_BALANCER_IDLE_TIMEOUT', Value: '90' });
  });

  it('may be of another stack, without that one depending on this', () => {
    const { assembly } = synthesize((stack) => {
      const shared = new Stack(Stage.of(stack), 'Platform');
      site(stack, ruleOn(platform(shared)));
    });
    expect(assembly.getStackByName('Platform').dependencies.map(({ id }) => id)).toEqual(['Platform.assets']);
    expect(assembly.getStackByName('Stack').dependencies.map(({ id }) => id)).toContain('Platform');
  });

  it.each([
    [{ idleTimeout: Duration.seconds(60) }, {}, /must be above 60 seconds.*received 60/],
    [{ idleTimeout: Duration.seconds(30) }, { requestTimeout: Duration.seconds(10) }, /above 30 seconds.*received 30/],
    [{ idleTimeout: Duration.seconds(4001) }, {}, /at most 4000; received 4001/],
    [{ conditions: [] }, {}, /a listener rule has 1 to 5 conditions; received 0/],
  ])('is refused where requests would be lost: %#', (changes, props, message) => {
    expect(() => synthesize((stack) => site(stack, ruleOn(platform(stack), changes), props))).toThrow(message);
  });
});
