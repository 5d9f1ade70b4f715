import { Match } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import { NextjsBuild, NextjsCache, NextjsEgress, NextjsService, type NextjsServiceOptions } from '../../lib';
import { appWithBundle } from './bundle';
import { resources, synthesize, synthesizeService as service } from './synthesis';

const { template: byDefault } = service();

describe('the network of a service', () => {
  it('has no NAT gateway, and gateway endpoints for the stores', () => {
    const template = byDefault;
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
    template.resourceCountIs('AWS::EC2::VPCEndpoint', 2);
    template.allResourcesProperties('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Gateway' });
  });

  it('lets nobody in but CloudFront to the balancer and the balancer to the tasks', () => {
    const template = byDefault;
    template.hasResourceProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' });
    const ingress = resources(template).filter(([, { Type }]) => Type === 'AWS::EC2::SecurityGroupIngress');
    expect(ingress.map(([, { Properties }]) => Properties)).toEqual([
      expect.objectContaining({
        FromPort: 80,
        ToPort: 80,
        SourcePrefixListId: { 'Fn::FindInMap': expect.anything() as unknown },
      }),
      expect.objectContaining({ FromPort: 3000, ToPort: 3000, SourceSecurityGroupId: expect.anything() as unknown }),
    ]);
    template.allResourcesProperties('AWS::EC2::SecurityGroup', { SecurityGroupIngress: Match.absent() });
  });

  it("takes the prefix list of the stack's region, or the one given", () => {
    const inRegion = (region: string, options: NextjsServiceOptions = {}) =>
      synthesize(
        (stack) => {
          const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
            vpcId: 'vpc-1',
            availabilityZones: ['a', 'b'],
            publicSubnetIds: ['subnet-1', 'subnet-2'],
            isolatedSubnetIds: ['subnet-3', 'subnet-4'],
          });
          const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
          new NextjsService(stack, 'Service', { nextBuild, cache: new NextjsCache(stack, 'Cache'), vpc, ...options });
        },
        { env: { account: '111122223333', region } },
      ).template;
    const rule = (SourcePrefixListId: string) => ({ SourcePrefixListId });
    inRegion('eu-central-1').hasResourceProperties('AWS::EC2::SecurityGroupIngress', rule('pl-a3a144ca'));
    inRegion('af-south-1', { cloudFrontPrefixListId: 'pl-1' }).hasResourceProperties(
      'AWS::EC2::SecurityGroupIngress',
      rule('pl-1'),
    );
    expect(() => inRegion('af-south-1')).toThrow(/not known for region af-south-1.*describe-managed-prefix-lists/);
  });

  it('refuses a VPC without a place for the load balancer', () => {
    const attempt = () =>
      synthesize((stack) => {
        const vpc = new ec2.Vpc(stack, 'Vpc', {
          subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }],
        });
        const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
        new NextjsService(stack, 'Service', { nextBuild, cache: new NextjsCache(stack, 'Cache'), vpc });
      });
    expect(attempt).toThrow(/has only public subnets.*Add isolated subnets/);
  });

  it('uses a given cluster and its VPC', () => {
    const { template } = synthesize((stack) => {
      const cluster = new ecs.Cluster(stack, 'Cluster', {
        vpc: new ec2.Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false }),
      });
      const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
      new NextjsService(stack, 'Service', { nextBuild, cache: new NextjsCache(stack, 'Cache'), cluster });
    });
    template.resourceCountIs('AWS::EC2::VPC', 1);
    template.resourceCountIs('AWS::ECS::Cluster', 1);
  });
});

describe('the way out of the tasks', () => {
  const networkOf = (assignPublicIp: string, subnet: string) => ({
    NetworkConfiguration: {
      AwsvpcConfiguration: {
        AssignPublicIp: assignPublicIp,
        Subnets: [{ Ref: Match.stringLikeRegexp(subnet) }, { Ref: Match.stringLikeRegexp(subnet) }],
      },
    },
  });

  it.each([
    [NextjsEgress.PUBLIC_ADDRESS, 'ENABLED', 0, []],
    [NextjsEgress.NAT, 'DISABLED', 1, []],
    [NextjsEgress.ENDPOINTS, 'DISABLED', 0, ['ecr.api', 'ecr.dkr', 'logs']],
  ])('%s', (egress, assignPublicIp, natGateways, endpoints) => {
    const { template } = service({ egress }, {}, { validated: true });
    template.hasResourceProperties('AWS::ECS::Service', networkOf(assignPublicIp, 'TasksSubnet'));
    template.resourceCountIs('AWS::EC2::NatGateway', natGateways);
    template.resourceCountIs('AWS::EC2::InternetGateway', 1);
    const interfaces = Object.values(
      template.findResources('AWS::EC2::VPCEndpoint', { Properties: { VpcEndpointType: 'Interface' } }),
    ).map(({ Properties }) => JSON.stringify(Properties as unknown));
    expect(interfaces).toHaveLength(endpoints.length);
    for (const endpoint of endpoints) expect(interfaces.join()).toContain(`.${endpoint}"`);
  });

  it('is the NAT gateway of a given VPC that has one', () => {
    const { template } = synthesize((stack) => {
      const vpc = new ec2.Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false });
      const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
      new NextjsService(stack, 'Service', { nextBuild, cache: new NextjsCache(stack, 'Cache'), vpc });
    });
    template.hasResourceProperties('AWS::ECS::Service', networkOf('DISABLED', 'VpcPrivateSubnet'));
  });

  it('is refused where the VPC has no such subnets', () => {
    const attempt = () =>
      synthesize((stack) => {
        const vpc = new ec2.Vpc(stack, 'Vpc', { restrictDefaultSecurityGroup: false });
        const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
        const cache = new NextjsCache(stack, 'Cache');
        new NextjsService(stack, 'Service', { nextBuild, cache, vpc, egress: NextjsEgress.ENDPOINTS });
      });
    expect(attempt).toThrow(/NextjsService.egress .*ENDPOINTS needs Isolated subnets, and the VPC Stack\/Vpc has none/);
  });
});
