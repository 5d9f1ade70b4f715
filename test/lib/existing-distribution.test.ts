import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import { describe, expect, it } from 'vitest';
import { NextjsBuild, NextjsSite, type NextjsSiteProps } from '../../lib';
import { appWithBundle } from './bundle';
import { synthesize, theResource } from './synthesis';

interface Distribution {
  readonly CacheBehaviors: { readonly PathPattern: string }[];
  readonly CacheTagConfig: unknown;
  readonly CustomErrorResponses?: unknown;
}

function mounted(basePath: string, props: Partial<NextjsSiteProps> = {}) {
  const { template } = synthesize((stack) => {
    const distribution = new cloudfront.Distribution(stack, 'Existing', {
      defaultBehavior: { origin: new origins.HttpOrigin('example.com') },
      additionalBehaviors: { '/api/*': { origin: new origins.HttpOrigin('api.example.com') } },
    });
    const nextBuild = NextjsBuild.fromDirectory(appWithBundle({ basePath, images: {} }));
    new NextjsSite(stack, 'Site', { nextBuild, distribution, ...props });
  });
  const resource = theResource(template, 'AWS::CloudFront::Distribution');
  return { template, config: resource.Properties.DistributionConfig as Distribution };
}

describe('a site on a distribution that exists', () => {
  it('is mounted at all paths that have no behaviour yet', () => {
    const { config } = mounted('');
    expect(config.CacheBehaviors.map(({ PathPattern }) => PathPattern)).toEqual(['/api/*', '/_next/static/*', '/*']);
    expect(config.CacheTagConfig).toEqual({ HeaderName: 'x-nextjs-cache-tag' });
  });

  it('leaves alone what a distribution has but once', () => {
    const { config, template } = mounted('/shop');
    expect(config.CustomErrorResponses).toBeUndefined();
    template.resourceCountIs('AWS::CloudFront::Distribution', 1);
  });

  it.each([
    ['domainNames', { domainNames: ['example.com'] }],
    ['defaultWebAcl', { defaultWebAcl: true }],
    ['priceClass', { priceClass: cloudfront.PriceClass.PRICE_CLASS_100 }],
    ['geoRestriction', { geoRestriction: cloudfront.GeoRestriction.allowlist('CH') }],
  ])('is refused %s, with the place to set it', (name, props) => {
    expect(() => mounted('', props)).toThrow(
      new RegExp(
        `NextjsDistribution.${name} .*a given .distribution. keeps its own.*Set it where Stack/Existing is made`,
      ),
    );
  });

  it('is refused one that is imported', () => {
    expect(() =>
      synthesize((stack) => {
        const distribution = cloudfront.Distribution.fromDistributionAttributes(stack, 'Imported', {
          distributionId: 'E1',
          domainName: 'd1.cloudfront.net',
        });
        new NextjsSite(stack, 'Site', {
          nextBuild: NextjsBuild.fromDirectory(appWithBundle()),
          distribution,
        });
      }),
    ).toThrow(/Stack\/Imported is imported, .*Give the cloudfront.Distribution itself/);
  });
});
