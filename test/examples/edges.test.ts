import { Match } from 'aws-cdk-lib/assertions';
import { CachePolicy, ResponseHeadersPolicy } from 'aws-cdk-lib/aws-cloudfront';
import { describe, expect, it } from 'vitest';
import { resources, theResource } from '../lib/synthesis';
import { EDGE_EXAMPLES } from './edge-examples';
import { readmeOf, synthesizeExample } from './support';

interface Behavior {
  readonly PathPattern: string;
  readonly CachePolicyId: unknown;
  readonly ResponseHeadersPolicyId: unknown;
  readonly TargetOriginId: string;
}

interface DistributionConfig {
  readonly Aliases?: string[];
  readonly CacheBehaviors: Behavior[];
  readonly CacheTagConfig: unknown;
  readonly DefaultCacheBehavior: Behavior;
}

function example(name: keyof typeof EDGE_EXAMPLES) {
  return synthesizeExample(name, EDGE_EXAMPLES[name]);
}

function distributionOf(template: Parameters<typeof theResource>[0]): DistributionConfig {
  return theResource(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig as DistributionConfig;
}

describe('the example of a distribution that exists', { timeout: 180_000 }, () => {
  const { assembly, template } = example('existing-distribution');
  const marketing = template('ExistingDistributionMarketing');
  const shop = template('ExistingDistributionShop');

  it('gets behaviours for the paths of the site, the narrow ones first, and keeps its own default', () => {
    const { CacheBehaviors, DefaultCacheBehavior } = distributionOf(marketing);
    expect(CacheBehaviors.map(({ PathPattern }) => PathPattern)).toEqual([
      '/shop/_next/static/*',
      '/shop/_next/image*',
      '/shop',
      '/shop/*',
    ]);
    expect(DefaultCacheBehavior.CachePolicyId).toBe(CachePolicy.CACHING_OPTIMIZED.cachePolicyId);
    shop.resourceCountIs('AWS::CloudFront::Distribution', 0);
  });

  it('keeps the header by which it reads cache tags, and the tasks and the function hear of it', () => {
    expect(distributionOf(marketing).CacheTagConfig).toEqual({ HeaderName: 'edge-cache-tag' });
    shop.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Environment: Match.arrayWith([{ Name: 'NEXTJS_CACHE_TAG_HEADER', Value: 'edge-cache-tag' }]),
        }),
      ],
    });
    expect(theResource(shop, 'AWS::CloudFront::Function').Properties.FunctionCode).toContain('edge-cache-tag');
    shop.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: { RemoveHeadersConfig: { Items: [{ Header: 'edge-cache-tag' }] } },
    });
  });

  it('depends on the site for its origins, and the site on nothing of it', () => {
    const dependencies = (name: string) => assembly.getStackByName(name).dependencies.map(({ id }) => id);
    expect(dependencies('ExistingDistributionMarketing')).toContain('ExistingDistributionShop');
    expect(dependencies('ExistingDistributionShop')).not.toContain('ExistingDistributionMarketing');
    expect(Object.keys(marketing.findOutputs('*')).join(' ')).toMatch(/Url/);
  });

  it('reads files that no other account may read', () => {
    const allowed = resources(shop)
      .filter(([, { Type }]) => Type === 'AWS::S3::BucketPolicy')
      .flatMap(
        ([, { Properties }]) => (Properties.PolicyDocument as { Statement: Record<string, unknown>[] }).Statement,
      )
      .filter(({ Principal }) => JSON.stringify(Principal).includes('cloudfront'));
    expect(allowed.map(({ Action }) => Action)).toEqual(['s3:GetObject', 's3:ListBucket']);
    for (const { Condition } of allowed) {
      expect(Condition).toMatchObject({ StringEquals: { 'AWS:SourceAccount': { Ref: 'AWS::AccountId' } } });
    }
  });
});

describe('the example of names of its own', { timeout: 180_000 }, () => {
  const { template } = example('custom-domain');
  const site = template('CustomDomain');
  const global = template('CustomDomainGlobal');

  it('has certificate and firewall in us-east-1, and the site in its own region', () => {
    global.resourceCountIs('AWS::CertificateManager::Certificate', 1);
    global.hasResourceProperties('AWS::WAFv2::WebACL', { Scope: 'CLOUDFRONT' });
    site.resourceCountIs('AWS::CertificateManager::Certificate', 0);
    expect(distributionOf(site)).toMatchObject({
      Aliases: ['www.example.com', 'example.com'],
      ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021' },
      WebACLId: expect.anything() as unknown,
    });
  });

  it('keeps pages of the two names apart', () => {
    site.hasResourceProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: {
        ParametersInCacheKeyAndForwardedToOrigin: { HeadersConfig: { Headers: ['RSC', 'Host'] } },
      },
    });
  });

  it('is watched, but for alarms on what CloudFront writes in another region', () => {
    site.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
    site.resourceCountIs('AWS::CloudWatch::Alarm', 7);
    for (const [, { Type, Properties }] of resources(site)) {
      if (Type !== 'AWS::CloudWatch::Alarm') continue;
      expect(Properties.AlarmActions).toHaveLength(1);
      expect(Properties.Namespace).not.toBe('AWS/CloudFront');
    }
  });
});

describe('the example of an asset host', { timeout: 180_000 }, () => {
  const { messages, template } = example('asset-host');
  const site = template('AssetHost');

  it('answers hashed files under a second name, with CORS for fonts and modules', () => {
    const { Aliases, CacheBehaviors } = distributionOf(site);
    expect(Aliases).toEqual(['www.example.com', 'assets.example.com']);
    expect(CacheBehaviors[0]).toMatchObject({
      PathPattern: '/_next/static/*',
      ResponseHeadersPolicyId:
        ResponseHeadersPolicy.CORS_ALLOW_ALL_ORIGINS_AND_SECURITY_HEADERS.responseHeadersPolicyId,
    });
    expect(messages).not.toContain('assetPrefix');
  });

  it('is known by one name to the cache of pages', () => {
    site.hasResourceProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: { ParametersInCacheKeyAndForwardedToOrigin: { HeadersConfig: { Headers: ['RSC'] } } },
    });
  });
});

describe('the example of a base path', { timeout: 180_000 }, () => {
  const site = example('base-path').template('BasePath');

  it('serves files and images below it', () => {
    const patterns = distributionOf(site).CacheBehaviors.map(({ PathPattern }) => PathPattern);
    expect(patterns).toEqual(['/shop/_next/static/*', '/shop/_next/image*']);
    site.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: ['s3:GetObject', 's3:PutObject'],
            Resource: { 'Fn::Join': ['', [Match.anyValue(), '/shop/_next/static/*']] },
          }),
        ]),
      },
    });
  });

  it('names the address with it', () => {
    site.hasOutput('*', { Value: { 'Fn::Join': ['', Match.arrayWith(['/shop'])] } });
  });
});

it.each(Object.keys(EDGE_EXAMPLES))('%s says what it costs a month', (name) => {
  expect(readmeOf(name)).toMatch(/## What it costs a month[\s\S]*about \$\d+/);
});
