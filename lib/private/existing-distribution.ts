import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type { Construct } from 'constructs';
import { Environment, Header } from '../../contract';
import type { NextjsDistributionOptions } from '../nextjs-distribution-options';
import { ConfigurationError } from './errors';

/** What a distribution has but once: who made it has decided on it. */
const ITS_OWN: readonly (keyof NextjsDistributionOptions)[] = [
  'certificate',
  'defaultWebAcl',
  'domainNames',
  'geoRestriction',
  'hostedZone',
  'logBucket',
  'priceClass',
  'webAclId',
];

/** The given distribution, if there is one to which behaviours can be added. */
export function existingDistribution(
  scope: Construct,
  options: NextjsDistributionOptions,
): cloudfront.Distribution | undefined {
  const { distribution } = options;
  if (!distribution) return undefined;
  const decided = ITS_OWN.find((name) => options[name] !== undefined);
  if (decided) {
    throw new ConfigurationError({
      part: `NextjsDistribution.${decided}`,
      scope,
      problem: 'a given `distribution` keeps its own',
      remedy: `Set it where ${distribution.node.path} is made`,
    });
  }
  if (distribution instanceof cloudfront.Distribution) return distribution;
  throw new ConfigurationError({
    part: 'NextjsDistribution.distribution',
    scope,
    problem: `${distribution.node.path} is imported, and only its own stack can add behaviours to a distribution`,
    remedy:
      'Give the cloudfront.Distribution itself, of this or another stack of the same app, or leave it out for a new one',
  });
}

/** Where the app's pages are: all paths, or those at and below its base path. */
export function pagePatterns(basePath: string): string[] {
  return basePath === '' ? ['/*'] : [basePath, `${basePath}/*`];
}

/** Names that the distribution has besides its own. */
export function aliasesOf(distribution: cloudfront.Distribution): string[] {
  const { distributionConfig } = distribution.node.defaultChild as cloudfront.CfnDistribution;
  const { aliases } = distributionConfig as cloudfront.CfnDistribution.DistributionConfigProperty;
  return aliases ?? [];
}

/** The header by which the distribution reads cache tags: that which it has, or ours. */
export function cacheTagHeaderOf(distribution: cloudfront.IDistribution | undefined): string {
  if (!(distribution instanceof cloudfront.Distribution)) return Header.CACHE_TAG;
  // No property of the L2 construct has it, so that it can only have been set by an override.
  const overrides = distribution.node.defaultChild as unknown as { readonly rawOverrides?: Overrides };
  const header = overrides.rawOverrides?.Properties?.DistributionConfig?.CacheTagConfig?.HeaderName;
  return header?.toLowerCase() ?? Header.CACHE_TAG;
}

/** Tells the tasks by which header the distribution reads cache tags, where it is not ours. */
export function cacheTagEnvironment(distribution: cloudfront.IDistribution | undefined): Record<string, string> {
  const header = cacheTagHeaderOf(distribution);
  return header === Header.CACHE_TAG ? {} : { [Environment.CACHE_TAG_HEADER]: header };
}

interface Overrides {
  readonly Properties?: {
    readonly DistributionConfig?: { readonly CacheTagConfig?: { readonly HeaderName?: string } };
  };
}

/** No property of the L2 construct yet. */
export function readCacheTags(distribution: cloudfront.Distribution, header: string): void {
  const resource = distribution.node.defaultChild as cloudfront.CfnDistribution;
  resource.addPropertyOverride('DistributionConfig.CacheTagConfig.HeaderName', header);
}
