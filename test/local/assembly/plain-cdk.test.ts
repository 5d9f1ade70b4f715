import { CfnOutput, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { ApplicationLoadBalancedFargateService } from 'aws-cdk-lib/aws-ecs-patterns';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { findStack, resolveStack } from '../../../local/assembly';
import { synthesize, temporaryApp } from './synthesize';

/** An app that has nothing of this package in it. */
function plainApp() {
  const app = temporaryApp();
  const data = new Stack(app, 'Data');
  const assets = new Bucket(data, 'Assets');
  const queue = new Queue(data, 'Jobs');

  const web = new Stack(app, 'Web');
  const service = new ApplicationLoadBalancedFargateService(web, 'Service', {
    vpc: new Vpc(web, 'Vpc', { maxAzs: 2 }),
    taskImageOptions: {
      image: ecs.ContainerImage.fromRegistry('nginx:1'),
      environment: { QUEUE_URL: queue.queueUrl, ASSETS: assets.bucketName },
    },
  });
  const pages = new Bucket(web, 'Pages');
  new BucketDeployment(web, 'Upload', {
    sources: [Source.data('index.html', '<p>hello</p>')],
    destinationBucket: pages,
  });
  const distribution = new cloudfront.Distribution(web, 'Distribution', {
    defaultBehavior: { origin: new origins.LoadBalancerV2Origin(service.loadBalancer) },
    additionalBehaviors: { '/static/*': { origin: origins.S3BucketOrigin.withOriginAccessControl(pages) } },
  });
  new LambdaFunction(web, 'Worker', {
    code: Code.fromInline('exports.handler = () => 1'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_22_X,
  });
  new LambdaFunction(web, 'Snake', {
    code: Code.fromInline('def handler(event, context): return 1'),
    handler: 'index.handler',
    runtime: Runtime.PYTHON_3_13,
  });
  new Alarm(web, 'Errors', { metric: service.service.metricCpuUtilization(), threshold: 90, evaluationPeriods: 1 });
  new CfnOutput(web, 'Url', { value: `https://${distribution.domainName}` });
  return synthesize(app);
}

describe('a plain CDK app', () => {
  const assembly = plainApp();
  const web = resolveStack(findStack(assembly, 'Web'), { assembly });
  const data = resolveStack(findStack(assembly, 'Data'), { assembly });

  it('resolves entirely: no intrinsic is left', () => {
    for (const { properties, logicalId } of web.resources.values()) {
      expect(JSON.stringify(properties), logicalId).not.toMatch(/"(Ref|Fn::[A-Za-z]+)":/);
    }
  });

  it('names resources the same wherever they are referenced', () => {
    const [balancer] = web.ofType('AWS::ElasticLoadBalancingV2::LoadBalancer');
    const [listener] = web.ofType('AWS::ElasticLoadBalancingV2::Listener');
    const [group] = web.ofType('AWS::ElasticLoadBalancingV2::TargetGroup');
    const [service] = web.ofType('AWS::ECS::Service');
    const [definition] = web.ofType('AWS::ECS::TaskDefinition');
    expect(listener?.properties.LoadBalancerArn).toBe(balancer?.physicalId);
    expect(listener?.properties.DefaultActions).toEqual([{ TargetGroupArn: group?.physicalId, Type: 'forward' }]);
    expect(service?.properties.TaskDefinition).toBe(definition?.physicalId);
    expect(service?.properties.LoadBalancers).toMatchObject([{ TargetGroupArn: group?.physicalId }]);
  });

  it('gives the distribution the domain names of balancer and bucket', () => {
    const [distribution] = web.ofType('AWS::CloudFront::Distribution');
    const [balancer] = web.ofType('AWS::ElasticLoadBalancingV2::LoadBalancer');
    const pages = web.ofType('AWS::S3::Bucket')[0]?.physicalId ?? '';
    expect(distribution?.properties.DistributionConfig).toMatchObject({
      Origins: [
        { DomainName: web.attribute(balancer?.logicalId ?? '', 'DNSName') },
        { DomainName: `${pages}.s3.us-east-1.amazonaws.com` },
      ],
    });
    expect(web.outputs.Url).toBe(`https://${web.attribute(distribution?.logicalId ?? '', 'DomainName')}`);
  });

  it('holds what the stacks have that it imports from, after its own', () => {
    const buckets = web.ofType('AWS::S3::Bucket');
    expect(buckets.map(({ path }) => path)).toEqual(['Web/Pages/Resource', 'Data/Assets/Resource']);
    const [, imported] = buckets;
    expect(imported?.logicalId).toMatch(/^Data\.Assets/);
    const own = data.ofType('AWS::S3::Bucket')[0]?.logicalId ?? '';
    expect(web.attribute(imported?.logicalId ?? '', 'Arn')).toBe(data.attribute(own, 'Arn'));
    expect(data.ofType('AWS::ECS::Service')).toEqual([]);
  });

  it('imports the values of other stacks', () => {
    const [definition] = web.ofType('AWS::ECS::TaskDefinition');
    const [queue] = data.ofType('AWS::SQS::Queue');
    const [bucket] = data.ofType('AWS::S3::Bucket');
    expect(definition?.properties.ContainerDefinitions).toMatchObject([
      {
        Environment: [
          { Name: 'QUEUE_URL', Value: queue?.physicalId },
          { Name: 'ASSETS', Value: bucket?.physicalId },
        ],
      },
    ]);
  });

  it('lists what does not run here: without a reason where something is missed', () => {
    const missed = web.unsupported.filter(({ reason }) => reason === undefined);
    expect(missed.map(({ type, path }) => [type, path])).toEqual([
      ['AWS::Lambda::Function', 'Web/Snake/Resource'],
      ['AWS::SQS::Queue', 'Data/Jobs/Resource'],
    ]);
    const types = new Set(web.unsupported.map(({ type }) => type));
    expect(types).toContain('AWS::EC2::NatGateway');
    expect(types).toContain('AWS::IAM::Role');
    expect(types).not.toContain('AWS::ECS::Service');
    expect(data.unsupported.filter(({ reason }) => reason === undefined).map(({ type }) => type)).toEqual([
      'AWS::SQS::Queue',
    ]);
  });

  it('has the same names in every run', () => {
    const again = resolveStack(findStack(assembly, 'Web'), { assembly });
    expect([...again.resources.values()]).toEqual([...web.resources.values()]);
  });
});
