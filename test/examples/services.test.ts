import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { theResource } from '../lib/synthesis';
import { readmeOf, synthesizeExample } from './support';

const STOREFRONT = { apps: { '../storefront': {} } };

describe('the example of an existing network, cluster and listener', { timeout: 180_000 }, () => {
  const { template, assembly } = synthesizeExample('existing-vpc', STOREFRONT);

  it('adds a rule to the listener, and neither network nor load balancer nor cluster', () => {
    const shop = template('Shop');
    shop.hasResourceProperties('AWS::ElasticLoadBalancingV2::ListenerRule', { Priority: 10 });
    for (const type of ['EC2::VPC', 'ElasticLoadBalancingV2::LoadBalancer', 'ECS::Cluster']) {
      shop.resourceCountIs(`AWS::${type}`, 0);
    }
  });

  it('leaves the platform independent of the site', () => {
    const stacks = (name: string) => assembly.getStackByName(name).dependencies.map(({ id }) => id);
    expect(stacks('Shop')).toContain('Platform');
    expect(stacks('Platform')).not.toContain('Shop');
  });

  it('lets the load balancer alone reach the tasks', () => {
    const shop = template('Shop');
    shop.resourceCountIs('AWS::EC2::SecurityGroupIngress', 1);
    shop.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
      FromPort: 3000,
      ToPort: 3000,
      SourceSecurityGroupId: Match.anyValue(),
    });
  });
});

describe('the example of two sites', { timeout: 180_000 }, () => {
  const { template } = synthesizeExample('two-sites', { apps: { '../storefront': {}, '../use-cache': {} } });
  const sites = template('Sites');

  it('has one of what can be shared, and two of the rest', () => {
    const shared = ['EC2::VPC', 'ECS::Cluster', 'DynamoDB::Table'];
    for (const type of shared) sites.resourceCountIs(`AWS::${type}`, 1);
    sites.resourceCountIs('AWS::CloudFront::CachePolicy', 2);
    for (const type of ['ECS::Service', 'CloudFront::Distribution']) sites.resourceCountIs(`AWS::${type}`, 2);
  });

  it('keeps each site to the keys of its name', () => {
    for (const name of ['shop', 'timetable']) {
      sites.hasResourceProperties('AWS::IAM::Policy', {
        PolicyDocument: {
          Statement: Match.arrayWith([
            Match.objectLike({
              Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${name}#*`] } },
            }),
          ]),
        },
      });
    }
  });
});

describe('the example of one image through several stages', { timeout: 180_000 }, () => {
  const { assembly, messages } = synthesizeExample('stages', { ...STOREFRONT, context: { tag: 'v42' } });
  const templates = ['Dev', 'Staging', 'Prod'].map((stage) => {
    const nested = assembly.getNestedAssembly(`assembly-${stage}`);
    return { stage, stack: nested.getStackByName(`${stage}-Shop`) };
  });
  const containerOf = (template: unknown) => {
    const definition = theResource(Template.fromJSON(template as Record<string, unknown>), 'AWS::ECS::TaskDefinition');
    const [container] = definition.Properties.ContainerDefinitions as {
      Image: unknown;
      Environment: { Name: string; Value: unknown }[];
    }[];
    return container;
  };

  it('runs the same image in every account, and builds none', () => {
    expect(messages).not.toMatch(/error|warning/i);
    expect(templates.map(({ stack }) => stack.environment.account)).toEqual([
      '222222222222',
      '333333333333',
      '444444444444',
    ]);
    for (const { stack } of templates) {
      const image = JSON.stringify(containerOf(stack.template)?.Image);
      expect(image).toContain('111111111111.dkr.ecr.us-east-1.');
      expect(image).toContain('/shop:v42"');
    }
  });

  it('differs in what the server is told', () => {
    const payments = ({ stack }: (typeof templates)[number]) =>
      containerOf(stack.template)?.Environment.find(({ Name }) => Name === 'PAYMENTS')?.Value;
    expect(templates.map(payments)).toEqual(['sandbox', 'sandbox', 'live']);
  });

  it('needs to know which image', () => {
    expect(() => synthesizeExample('stages', STOREFRONT)).toThrow(/Which image\? cdk deploy -c tag=TAG/);
  });
});

describe('the example of a monorepo', { timeout: 180_000 }, () => {
  it("runs the server in the app's folder", () => {
    const server = {
      directory: 'apps/web',
      distDirectory: '.next',
      command: ['--import', '../../.cdk-nextjs-ecs/preload.mjs', 'node_modules/next/dist/bin/next', 'start'],
    };
    const { template } = synthesizeExample('pnpm-monorepo/infra', { apps: { '../apps/web': { server } } });
    const [container] = theResource(template('Fruit'), 'AWS::ECS::TaskDefinition').Properties.ContainerDefinitions as {
      WorkingDirectory: string;
    }[];
    expect(container?.WorkingDirectory).toBe('/app/apps/web');
  });
});

it.each(['existing-vpc', 'two-sites', 'stages', 'pnpm-monorepo'])('%s says what it costs a month', (example) => {
  expect(readmeOf(example)).toMatch(/## What it costs a month[\s\S]*about \$\d+/);
});
