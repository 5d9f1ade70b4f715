import type { Template } from 'aws-cdk-lib/assertions';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { describe, expect, it } from 'vitest';
import type { BundleFacts } from '../../contract';
import { NextjsBuild, NextjsPolicies, type NextjsPoliciesProps, NextjsSite } from '../../lib';
import { appWithBundle } from './bundle';
import { resources, synthesize, synthesizeSite, theResource } from './synthesis';

interface Behavior {
  readonly PathPattern?: string;
  readonly CachePolicyId: unknown;
  readonly OriginRequestPolicyId?: string;
  readonly AllowedMethods?: string[];
  readonly FunctionAssociations?: unknown[];
  readonly TargetOriginId: string;
  readonly ViewerProtocolPolicy: string;
}

interface DistributionConfig {
  readonly DefaultCacheBehavior: Behavior;
  readonly CacheBehaviors: Behavior[];
  readonly CacheTagConfig: unknown;
  readonly CustomErrorResponses: { ErrorCode: number; ErrorCachingMinTTL: number }[];
  readonly Origins: { Id: string; VpcOriginConfig?: unknown }[];
  readonly Aliases?: string[];
}

interface CachePolicyConfig {
  readonly MinTTL: number;
  readonly DefaultTTL: number;
  readonly MaxTTL: number;
  readonly ParametersInCacheKeyAndForwardedToOrigin: {
    readonly HeadersConfig: { Headers: string[] };
    readonly CookiesConfig: { CookieBehavior: string; Cookies?: string[] };
    readonly QueryStringsConfig: { QueryStringBehavior: string; QueryStrings?: string[] };
  };
}

function distribution(template: Template): DistributionConfig {
  return theResource(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig as DistributionConfig;
}

function behavior(template: Template, pathPattern?: string): Behavior {
  const config = distribution(template);
  const found = pathPattern
    ? config.CacheBehaviors.find(({ PathPattern }) => PathPattern === pathPattern)
    : config.DefaultCacheBehavior;
  if (!found) throw new Error(`no behavior for ${pathPattern ?? 'pages'}`);
  return found;
}

function cachePolicy(template: Template, { CachePolicyId }: Behavior): CachePolicyConfig {
  const id = (CachePolicyId as { Ref: string }).Ref;
  const policy = resources(template).find(([logicalId]) => logicalId === id);
  return policy?.[1].Properties.CachePolicyConfig as CachePolicyConfig;
}

const ALL_METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];

const { template: byDefault } = synthesizeSite();

describe('pages at the edge', () => {
  it('are kept as long as the server says and not at all where it says nothing', () => {
    const template = byDefault;
    expect(cachePolicy(template, behavior(template))).toMatchObject({ MinTTL: 0, DefaultTTL: 0, MaxTTL: 31_536_000 });
  });

  it('are told apart by path, query, RSC and draft cookies', () => {
    const template = byDefault;
    const key = cachePolicy(template, behavior(template)).ParametersInCacheKeyAndForwardedToOrigin;
    expect(key.HeadersConfig.Headers).toEqual(['RSC']);
    expect(key.QueryStringsConfig.QueryStringBehavior).toBe('all');
    expect(key.CookiesConfig.Cookies).toEqual(['__prerender_bypass', '__next_preview_data']);
  });

  it.each<Partial<BundleFacts>>([
    { nextVersion: '15.5.29' },
    { nextVersion: '16.2.12' },
    { nextVersion: '16.3.0-preview.10' },
    { nextVersion: '16.2.12', validateRSCRequestHeaders: false },
    { nextVersion: '16.4.6', validateRSCRequestHeaders: false },
  ])("are told apart by all of the router's headers where Next.js does not check `_rsc`: %j", (facts) => {
    const { template } = synthesizeSite({}, facts);
    const key = cachePolicy(template, behavior(template)).ParametersInCacheKeyAndForwardedToOrigin;
    expect(key.HeadersConfig.Headers).toEqual([
      'RSC',
      'Next-Router-Prefetch',
      'Next-Router-Segment-Prefetch',
      'Next-Router-State-Tree',
      'Next-Url',
    ]);
  });

  it.each<Partial<BundleFacts>>([
    { nextVersion: '16.3.0' },
    { nextVersion: '16.2.12', validateRSCRequestHeaders: true },
    { nextVersion: '17.0.0', validateRSCRequestHeaders: true },
  ])('are told apart by RSC alone where it does: %j', (facts) => {
    const { template } = synthesizeSite({}, facts);
    const key = cachePolicy(template, behavior(template)).ParametersInCacheKeyAndForwardedToOrigin;
    expect(key.HeadersConfig.Headers).toEqual(['RSC']);
  });

  it('come from the load balancer with all that the viewer said, by any method', () => {
    const template = byDefault;
    const page = behavior(template);
    expect(page.AllowedMethods).toEqual(ALL_METHODS);
    expect(page.OriginRequestPolicyId).toBe(
      cloudfront.OriginRequestPolicy.ALL_VIEWER_AND_CLOUDFRONT_2022.originRequestPolicyId,
    );
    const origin = distribution(template).Origins.find(({ Id }) => Id === page.TargetOriginId);
    expect(origin?.VpcOriginConfig).toMatchObject({ OriginReadTimeout: 60, OriginKeepaliveTimeout: 30 });
  });

  it('carry cache tags to CloudFront and not to viewers', () => {
    const template = byDefault;
    expect(distribution(template).CacheTagConfig).toEqual({ HeaderName: 'x-nextjs-cache-tag' });
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: { RemoveHeadersConfig: { Items: [{ Header: 'x-nextjs-cache-tag' }] } },
    });
  });

  it('are not kept when they are errors', () => {
    const errors = distribution(byDefault).CustomErrorResponses;
    expect(errors.map(({ ErrorCode }) => ErrorCode)).toEqual([404, 414, 500, 501, 502, 503, 504]);
    expect(new Set(errors.map(({ ErrorCachingMinTTL }) => ErrorCachingMinTTL))).toEqual(new Set([0]));
  });
});

describe('hashed files at the edge', () => {
  it.each([
    [{}, '/_next/static/*'],
    [{ basePath: '/shop' }, '/shop/_next/static/*'],
    [{ basePath: '/shop', assetPrefix: '/cdn' }, '/cdn/_next/static/*'],
    [{ assetPrefix: 'https://cdn.example.com/site/' }, '/site/_next/static/*'],
    [{ assetPrefix: '//cdn.example.com' }, '/_next/static/*'],
  ])('are found where the build %o asks for them', (facts, pattern) => {
    const { template } = synthesizeSite({}, facts);
    expect(behavior(template, pattern)).toMatchObject({
      CachePolicyId: cloudfront.CachePolicy.CACHING_OPTIMIZED.cachePolicyId,
      ViewerProtocolPolicy: 'redirect-to-https',
    });
  });

  it('are 404, not 403, when they are missing', () => {
    const template = byDefault;
    const allowed = resources(template)
      .filter(([, { Type }]) => Type === 'AWS::S3::BucketPolicy')
      .flatMap(
        ([, { Properties }]) =>
          (Properties.PolicyDocument as { Statement: { Effect: string; Action: unknown }[] }).Statement,
      )
      .filter(({ Effect }) => Effect === 'Allow');
    expect(allowed.map(({ Action }) => Action)).toContainEqual(['s3:GetObject', 's3:ListBucket']);
  });
});

describe('images at the edge', () => {
  it('are told apart by what was asked and by the formats that the browser takes', () => {
    const { template } = synthesizeSite({}, { images: { path: '/shop/_next/image' } });
    const images = behavior(template, '/shop/_next/image*');
    const key = cachePolicy(template, images).ParametersInCacheKeyAndForwardedToOrigin;
    expect(key.HeadersConfig.Headers).toEqual(['Accept']);
    expect(key.QueryStringsConfig.QueryStrings).toEqual(['url', 'w', 'q', 'dpl']);
    expect(images.FunctionAssociations).toHaveLength(1);
  });

  it('are nothing special in an app whose server optimizes none', () => {
    expect(distribution(synthesizeSite({}, { images: {} }).template).CacheBehaviors).toHaveLength(1);
  });
});

describe('names of the distribution', () => {
  it('are the given ones, with TLS 1.2 at least', () => {
    const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';
    const { template, assembly } = synthesize((stack) => {
      new NextjsSite(stack, 'Site', {
        nextBuild: NextjsBuild.fromDirectory(appWithBundle({ basePath: '/shop' })),
        domainNames: ['www.example.com', 'example.com'],
        certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', arn),
      });
    });
    expect(distribution(template)).toMatchObject({
      Aliases: ['www.example.com', 'example.com'],
      ViewerCertificate: { AcmCertificateArn: arn, MinimumProtocolVersion: 'TLSv1.2_2021' },
    });
    expect(assembly.stacks).toHaveLength(1);
    template.hasOutput('*', { Value: 'https://www.example.com/shop' });
  });

  it('get a certificate and records in their hosted zone', () => {
    const { template } = withHostedZone('us-east-1');
    template.hasResourceProperties('AWS::CertificateManager::Certificate', {
      DomainName: 'example.com',
      SubjectAlternativeNames: ['www.example.com'],
      ValidationMethod: 'DNS',
    });
    const records = resources(template).filter(([, { Type }]) => Type === 'AWS::Route53::RecordSet');
    expect(records.map(([, { Properties }]) => `${String(Properties.Name)} ${String(Properties.Type)}`)).toEqual([
      'example.com. A',
      'example.com. AAAA',
      'www.example.com. A',
      'www.example.com. AAAA',
    ]);
  });

  it('are refused without a certificate that CloudFront takes, with the remedy', () => {
    expect(() => withHostedZone('eu-west-1')).toThrow(/stack is in eu-west-1\. .*crossRegionReferences/);
    expect(() => synthesizeSite({ domainNames: ['example.com'] })).toThrow(/example\.com need a certificate/);
  });

  it.each(['arn:aws:acm:eu-west-1:111122223333:certificate/1'])('are refused the certificate %s', (arn) => {
    expect(() =>
      synthesize((stack) => {
        new NextjsSite(stack, 'Site', {
          nextBuild: NextjsBuild.fromDirectory(appWithBundle()),
          domainNames: ['example.com'],
          certificate: acm.Certificate.fromCertificateArn(stack, 'Certificate', arn),
        });
      }),
    ).toThrow(/of us-east-1 only; received Stack\/Certificate of eu-west-1\. .*crossRegionReferences/);
  });

  it('that the account must not have twice carry region and a hash', () => {
    const template = byDefault;
    const named: Record<string, [string, string]> = {
      'AWS::CloudFront::VpcOrigin': ['VpcOriginEndpointConfig', 'Name'],
      'AWS::CloudFront::OriginAccessControl': ['OriginAccessControlConfig', 'Name'],
      'AWS::CloudFront::ResponseHeadersPolicy': ['ResponseHeadersPolicyConfig', 'Name'],
      'AWS::CloudFront::CachePolicy': ['CachePolicyConfig', 'Name'],
    };
    const names = resources(template).flatMap(([, { Type, Properties }]) => {
      const place = named[Type];
      return place ? [JSON.stringify((Properties[place[0]] as Record<string, unknown>)[place[1]])] : [];
    });
    names.push(JSON.stringify(theResource(template, 'AWS::CloudFront::Function').Properties.Name));
    expect(names).toHaveLength(6);
    for (const name of names) {
      expect(name).toContain('{"Ref":"AWS::Region"}');
      expect(name).toMatch(/[0-9A-F]{8}/);
    }
    expect(new Set(names.slice(0, 4)).size).toBeGreaterThan(1);
  });
});

function withHostedZone(region: string) {
  return synthesize(
    (stack) => {
      const hostedZone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
        hostedZoneId: 'Z1',
        zoneName: 'example.com',
      });
      const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
      new NextjsSite(stack, 'Site', { nextBuild, hostedZone, domainNames: ['example.com', 'www.example.com'] });
    },
    { env: { account: '111122223333', region }, validated: true },
  );
}

describe("a user's own viewer-request code", () => {
  it('is part of the function', () => {
    const { template } = synthesizeSite({
      viewerRequestCode: 'function viewerRequest(event) { return event.request; }',
    });
    expect(theResource(template, 'AWS::CloudFront::Function').Properties.FunctionCode).toContain(
      'return viewerRequest(event);',
    );
  });

  it('is refused when it makes the function too large', () => {
    const viewerRequestCode = `function viewerRequest(event) { return event.request; } // ${'x'.repeat(10_000)}`;
    expect(() => synthesizeSite({ viewerRequestCode })).toThrow(
      /may have 10240 bytes; with it the viewer-request function has \d+/,
    );
  });
});

describe('the host of an assetPrefix', () => {
  const facts = { assetPrefix: 'https://assets.example.com' };

  it('is to be one of the names', () => {
    const { findings } = synthesizeSite({}, facts);
    expect(findings.join()).toMatch(
      /assets\.example\.com .*assetPrefix.*none of the distribution's names.*domainNames/,
    );
  });

  it('answers with CORS', () => {
    const { template } = synthesizeSite({}, facts);
    expect(behavior(template, '/_next/static/*')).toMatchObject({
      ResponseHeadersPolicyId:
        cloudfront.ResponseHeadersPolicy.CORS_ALLOW_ALL_ORIGINS_AND_SECURITY_HEADERS.responseHeadersPolicyId,
    });
  });
});

describe('the web ACL', () => {
  it('is made on request, with limits, common attacks and bad inputs, and uploads that are larger than 8 KB', () => {
    const { template, findings } = synthesizeSite({ defaultWebAcl: true }, {}, { validated: true });
    expect(findings).toEqual([]);
    const { Properties } = theResource(template, 'AWS::WAFv2::WebACL');
    expect((Properties.Rules as { Name: string }[]).map(({ Name }) => Name)).toEqual([
      'RateLimit',
      'AWSManagedRulesCommonRuleSet',
      'AWSManagedRulesKnownBadInputsRuleSet',
    ]);
    expect(JSON.stringify(Properties.Rules)).toContain('{"ActionToUse":{"Count":{}},"Name":"SizeRestrictions_BODY"}');
    expect(distribution(template)).toMatchObject({ WebACLId: { 'Fn::GetAtt': [expect.any(String), 'Arn'] } });
  });

  it('lives in us-east-1', () => {
    expect(() =>
      synthesizeSite({ defaultWebAcl: true }, {}, { env: { account: '111122223333', region: 'eu-west-1' } }),
    ).toThrow(/live in us-east-1, and this stack is in eu-west-1\. .*webAclId/);
  });

  it('is one', () => {
    expect(() => synthesizeSite({ defaultWebAcl: true, webAclId: 'arn:acl' })).toThrow(/has one web ACL.*arn:acl/);
  });
});

describe('the key of pages', () => {
  const keyed = (props: NextjsPoliciesProps) =>
    synthesize((stack) => {
      new NextjsPolicies(stack, 'Policies', props);
    });

  it('takes headers and cookies of the app', () => {
    const { template } = keyed({ keyHost: true, keyHeaders: ['CloudFront-Viewer-Country'], keyCookies: ['theme'] });
    template.hasResourceProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: {
        ParametersInCacheKeyAndForwardedToOrigin: {
          HeadersConfig: { Headers: ['RSC', 'Host', 'CloudFront-Viewer-Country'] },
          CookiesConfig: { Cookies: ['__prerender_bypass', '__next_preview_data', 'theme'] },
        },
      },
    });
  });

  it("has a header that the app names and that is Next's own but once", () => {
    const { template } = keyed({ keyRouterHeaders: true, keyHeaders: ['next-url', 'x-tenant'] });
    const headers = [
      'RSC',
      'Next-Router-Prefetch',
      'Next-Router-Segment-Prefetch',
      'Next-Router-State-Tree',
      'Next-Url',
    ];
    template.hasResourceProperties('AWS::CloudFront::CachePolicy', {
      CachePolicyConfig: {
        ParametersInCacheKeyAndForwardedToOrigin: { HeadersConfig: { Headers: [...headers, 'x-tenant'] } },
      },
    });
  });

  it('has no more than ten headers and ten cookies', () => {
    const names = Array.from({ length: 9 }, (_, index) => `x-${index}`);
    expect(() => keyed({ keyHeaders: names })).not.toThrow();
    expect(() => keyed({ keyHeaders: names, keyRouterHeaders: true })).toThrow(
      /NextjsPolicies.keyHeaders .*may have 10 headers; received 14 .*Leave some out/,
    );
    expect(() => keyed({ keyCookies: names })).toThrow(/may have 10 cookies; received 11/);
  });

  it('is not made where policies are given', () => {
    const { template } = synthesize((stack) => {
      const given = cloudfront.CachePolicy.fromCachePolicyId(stack, 'Given', 'policy-id');
      new NextjsPolicies(stack, 'Policies', { pageCachePolicy: given, imageCachePolicy: given });
    });
    template.resourceCountIs('AWS::CloudFront::CachePolicy', 0);
  });
});

describe('access logs', () => {
  it('of CloudFront and of the buckets go to one bucket, for 90 days', () => {
    const [logs] = Object.keys(byDefault.findResources('AWS::S3::Bucket')).filter((id) => id.includes('AccessLogs'));
    expect(distribution(byDefault)).toMatchObject({ Logging: { Prefix: 'cloudfront/' } });
    for (const [id, { Type, Properties }] of resources(byDefault)) {
      if (Type !== 'AWS::S3::Bucket' || id === logs) continue;
      expect(Properties.LoggingConfiguration, id).toEqual({
        DestinationBucketName: { Ref: logs },
        LogFilePrefix: 's3/',
      });
    }
  });

  it('are not written where they are switched off', () => {
    const { template } = synthesizeSite({ accessLogs: false });
    expect(distribution(template)).not.toHaveProperty('Logging');
    expect(JSON.stringify(template.toJSON())).not.toContain('LoggingConfiguration');
  });
});

describe('shared policies', () => {
  const twoSites = (keyRouterHeaders: boolean, nextVersion: string) =>
    synthesize((stack) => {
      const policies = new NextjsPolicies(stack, 'Policies', { keyRouterHeaders });
      const nextBuild = NextjsBuild.fromDirectory(appWithBundle({ nextVersion }));
      for (const id of ['One', 'Two']) new NextjsSite(stack, id, { nextBuild, policies });
    }).template;

  it('serve several sites', () => {
    twoSites(false, '16.4.6').resourceCountIs('AWS::CloudFront::CachePolicy', 2);
  });

  it('are refused when they would mix answers of an older Next.js', () => {
    for (const version of ['15.5.29', '16.2.12']) {
      expect(() => twoSites(false, version)).toThrow(
        new RegExp(`from Next.js 16.3, .* the app has ${version}.*keyRouterHeaders: true`),
      );
      expect(() => twoSites(true, version)).not.toThrow();
    }
  });
});
