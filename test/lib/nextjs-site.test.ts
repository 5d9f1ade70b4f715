import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { NextjsBuild, NextjsCache, NextjsSite } from '../../lib';
import { appWithBundle } from './bundle';
import { type Flags, type Resource, resources, synthesize, synthesizeSite, theResource } from './synthesis';

const FLAGS: Flags[] = ['recommended flags', 'no flags'];

const byDefault = synthesizeSite().template;

describe('the validation in these tests', () => {
  it('sees a fault in a template', () => {
    const { findings } = synthesize(
      (stack) => {
        new CfnBucket(stack, 'Bucket').addPropertyOverride('NoSuchProperty', true);
      },
      { validated: true },
    );
    expect(findings).toEqual([expect.stringContaining('NoSuchProperty')]);
  });
});

describe.each(FLAGS)('a site with %s', (flags) => {
  it('passes the validator of CloudFormation without a warning', () => {
    expect(synthesizeSite({}, {}, { flags, validated: true }).findings).toEqual([]);
  });
});

describe('the template of a site', () => {
  it('is the same at each synth', () => {
    const app = appWithBundle();
    const read = () => {
      const { assembly } = synthesize(
        (stack) => new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(app) }),
      );
      return ['Stack.template.json', 'Stack.assets.json'].map((file) =>
        readFileSync(join(assembly.directory, file), 'utf8'),
      );
    };
    expect(read()).toEqual(read());
  });

  it('has the same resources whatever the flags, but for what CDK makes of them', () => {
    const [recommended, none] = FLAGS.map((flags) => countByType(synthesizeSite({}, {}, { flags }).template));
    expect(recommended).toEqual(none);
  });

  it('changes only image and files when the app changes', () => {
    const template = (buildId: string) => synthesizeSite({}, { buildId }).template;
    const [before, after] = [resources(template('one')), resources(template('two'))];
    expect(after.map(([id]) => id)).toEqual(before.map(([id]) => id));
    const changed = after.filter(
      ([, resource], index) => JSON.stringify(resource) !== JSON.stringify(before[index]?.[1]),
    );
    // The policy is that of the upload, which may read the one archive of this build.
    expect(changed.map(([id, { Type }]) => `${Type} ${id.replace(/[0-9A-F]{8}/, '')}`)).toEqual([
      'AWS::IAM::Policy SiteAssetsUploadRoleDefaultPolicy',
      'Custom::NextjsAssets SiteAssetsDeployment',
      'AWS::ECS::TaskDefinition SiteServiceTaskDefinition',
    ]);
  });

  it.each([
    [48, 'without operations', byDefault],
    [56, 'with operations', synthesizeSite({ dashboard: true, alarms: true }).template],
  ])('has at most %i resources besides those of the VPC %s', (most, _, template) => {
    const isVpc = (id: string) => id.startsWith('SiteServiceVpc');
    expect(resources(template).filter(([id]) => !isVpc(id)).length).toBeLessThanOrEqual(most);
  });

  it('names the address of the site', () => {
    synthesizeSite({}, { basePath: '/shop' }).template.hasOutput('*', {
      Value: { 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [Match.anyValue(), 'DomainName'] }, '/shop']] },
    });
  });
});

/** Replacing one of these would lose data or change addresses: their logical ids are for ever. */
it('keeps the logical ids of what must not be replaced', () => {
  const template = byDefault;
  const ids = (type: string) => resources(template).flatMap(([id, { Type }]) => (Type === type ? [id] : []));
  expect(ids('AWS::S3::Bucket')).toEqual([
    'SiteCacheBucketB8D7EBB9',
    'SiteAssetsBucket50809C94',
    'SiteAccessLogs536C0B75',
    'SitePurgeKept96FE3DD1',
  ]);
  expect(ids('AWS::DynamoDB::Table')).toEqual(['SiteCacheTableBFC24D59']);
  expect(ids('AWS::ElasticLoadBalancingV2::LoadBalancer')).toEqual(['SiteServiceLoadBalancer56EBD30A']);
  expect(ids('AWS::CloudFront::Distribution')).toEqual(['SiteDistributionE681B7FC']);
});

/** The properties that CloudFormation cannot change: another value would replace the resource with all that it holds. */
const FIXED: Record<string, Record<string, unknown>> = {
  'AWS::S3::Bucket': { BucketName: undefined, BucketNamePrefix: undefined, ObjectLockEnabled: undefined },
  'AWS::DynamoDB::Table': {
    TableName: undefined,
    ImportSourceSpecification: undefined,
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
      { AttributeName: 'updatedAt', AttributeType: 'N' },
    ],
    LocalSecondaryIndexes: [
      {
        IndexName: 'updatedAt',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'updatedAt', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': { Name: undefined, Scheme: 'internal', Type: 'application' },
};

describe.each(FLAGS)('an upgrade of a site, with %s', (flags) => {
  const later = { nextVersion: '17.0.0', namespace: 'fedcba9876543210', buildId: 'later', deploymentId: 'v2' };
  const { template } = synthesizeSite({}, later, { flags });

  it.each(Object.entries(FIXED))('changes nothing that would replace an %s', (type, fixed) => {
    const found = resources(template).filter(([, { Type }]) => Type === type);
    expect(found.map(([id]) => id)).toEqual(
      resources(byDefault).flatMap(([id, { Type }]) => (Type === type ? [id] : [])),
    );
    for (const [id, { Properties }] of found) {
      for (const [name, value] of Object.entries(fixed)) expect(Properties[name], `${id}.${name}`).toEqual(value);
    }
  });

  it('keeps what holds data when it leaves the stack or is replaced', () => {
    for (const [id, { Type, DeletionPolicy, UpdateReplacePolicy }] of resources(template)) {
      if (!/S3::Bucket$|DynamoDB::Table$/.test(Type) || id.startsWith('SitePurgeKept')) continue;
      expect([DeletionPolicy, UpdateReplacePolicy], id).toEqual(['Retain', 'Retain']);
    }
  });
});

describe('the order of a deployment', () => {
  it('uploads the files before tasks run that name them, and opens the way to the internet before both origins', () => {
    const template = byDefault;
    const { DependsOn: service } = theResource(template, 'AWS::ECS::Service');
    const { DependsOn: origin } = theResource(template, 'AWS::CloudFront::VpcOrigin');
    expect(service).toContainEqual(expect.stringMatching(/^SiteAssetsDeployment/));
    expect(service).toContainEqual(expect.stringMatching(/DefaultRoute/));
    expect(origin).toContainEqual(expect.stringMatching(/DefaultRoute/));
  });
});

describe('nothing but CloudFront reaches a site', () => {
  const template = byDefault;

  it('no balancer faces the internet, and no rule admits an address range', () => {
    template.allResourcesProperties('AWS::ElasticLoadBalancingV2::LoadBalancer', { Scheme: 'internal' });
    for (const [id, { Type, Properties }] of resources(template)) {
      const rules = Type === 'AWS::EC2::SecurityGroup' ? (Properties.SecurityGroupIngress ?? []) : Properties;
      if (Type.startsWith('AWS::EC2::SecurityGroup') && !Type.endsWith('Egress'))
        expect(JSON.stringify(rules), id).not.toContain('CidrIp');
    }
  });

  it('no bucket is public, and the only service that may read one is CloudFront, for this distribution', () => {
    template.allResourcesProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { RestrictPublicBuckets: true },
    });
    const allowed = statements(template, 'AWS::S3::BucketPolicy').filter(
      ({ Effect, Action }) => Effect === 'Allow' && Action !== 's3:PutObject',
    );
    expect(allowed).toHaveLength(1);
    expect(allowed[0]).toMatchObject({ Principal: { Service: 'cloudfront.amazonaws.com' } });
    expect(JSON.stringify(allowed[0]?.Condition)).toContain('SiteDistributionE681B7FC');
  });

  it('no function has an address of its own', () => {
    template.resourceCountIs('AWS::Lambda::Url', 0);
    template.resourceCountIs('AWS::ApiGateway::RestApi', 0);
  });
});

describe('least privilege', () => {
  const own = [...statements(byDefault, 'AWS::IAM::Policy'), ...statements(byDefault, 'AWS::S3::BucketPolicy')].filter(
    ({ Effect }) => Effect === 'Allow',
  );

  it('no action is a wildcard', () => {
    for (const { Action } of own) expect(JSON.stringify(Action)).not.toContain('*');
  });

  it('no resource is all resources, but for the login to ECR, which has no other', () => {
    const unlimited = own.filter(({ Resource: resource }) => resource === '*');
    expect(unlimited.map(({ Action }) => Action)).toEqual(['ecr:GetAuthorizationToken']);
  });
});

/** Faults that CloudFormation's validator, cdk-nag and cfn-lint let pass. */
describe.each([
  ['by default', byDefault],
  ['with all timeouts at their longest', synthesizeSite({ requestTimeout: Duration.seconds(120) }).template],
])('faults that no validator sees, %s', (_, template) => {
  const all = (type: string) => resources(template).filter(([, { Type }]) => Type === type);

  it('allowed methods are one of the three sets that CloudFront knows', () => {
    const sets = [
      ['GET', 'HEAD'],
      ['GET', 'HEAD', 'OPTIONS'],
      ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
    ];
    const config = theResource(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig as Record<
      string,
      unknown
    >;
    const behaviors = [config.DefaultCacheBehavior, ...(config.CacheBehaviors as unknown[])] as {
      AllowedMethods?: string[];
    }[];
    for (const { AllowedMethods } of behaviors) if (AllowedMethods) expect(sets).toContainEqual(AllowedMethods);
  });

  it('no cache policy has a default above its maximum, or a maximum of 0 with a key', () => {
    expect(all('AWS::CloudFront::CachePolicy')).toHaveLength(2);
    for (const [, { Properties }] of all('AWS::CloudFront::CachePolicy')) {
      const { MinTTL, DefaultTTL, MaxTTL } = Properties.CachePolicyConfig as Record<string, number>;
      expect(DefaultTTL).toBeLessThanOrEqual(MaxTTL ?? 0);
      expect(MinTTL).toBeLessThanOrEqual(DefaultTTL ?? 0);
      expect(MaxTTL).toBeGreaterThan(0);
    }
  });

  it('every key of every index is a defined attribute', () => {
    for (const [, { Properties }] of all('AWS::DynamoDB::Table')) {
      const defined = (Properties.AttributeDefinitions as { AttributeName: string }[]).map(
        ({ AttributeName }) => AttributeName,
      );
      const used = JSON.stringify([
        Properties.KeySchema,
        Properties.LocalSecondaryIndexes,
        Properties.GlobalSecondaryIndexes,
      ]);
      for (const [, name] of used.matchAll(/"AttributeName":"(\w+)"/g)) expect(defined).toContain(name);
    }
  });

  it('health checks end before the next begins, and targets of Fargate are addresses', () => {
    for (const [, { Properties }] of all('AWS::ElasticLoadBalancingV2::TargetGroup')) {
      expect(Number(Properties.HealthCheckTimeoutSeconds)).toBeLessThan(Number(Properties.HealthCheckIntervalSeconds));
      expect(Properties.TargetType).toBe('ip');
    }
  });
});

describe('two sites', () => {
  it('share a cache', () => {
    const { template } = synthesize((stack) => {
      const cache = new NextjsCache(stack, 'Cache');
      const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
      for (const id of ['Shop', 'Blog']) new NextjsSite(stack, id, { nextBuild, cache });
    });
    template.resourceCountIs('AWS::DynamoDB::Table', 1);
    template.resourceCountIs('AWS::CloudFront::Distribution', 2);
  });
});

function countByType(template: Template): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [, { Type }] of resources(template)) counts[Type] = (counts[Type] ?? 0) + 1;
  return counts;
}

interface Statement {
  readonly Effect: string;
  readonly Action: unknown;
  readonly Resource: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

function statements(template: Template, type: Resource['Type']): Statement[] {
  return resources(template)
    .filter(([, { Type }]) => Type === type)
    .flatMap(([, { Properties }]) => (Properties.PolicyDocument as { Statement: Statement[] }).Statement);
}
