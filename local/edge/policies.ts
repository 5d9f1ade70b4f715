import { booleanOf, numberOf, propertiesOf, stringOf, stringsOf, type Properties } from './resource';
import { isCloudFrontHeader } from './cloudfront-headers';

/** Which of a viewer's values (queries, cookies, headers) a policy takes. */
export interface Selection {
  /** Whether a value of that name is taken. */
  takes(name: string): boolean;
  /** True when none is taken, whatever the name. */
  readonly none: boolean;
  /** Names that the policy lists (of headers in lower case); empty for "all" and "none". */
  readonly names: readonly string[];
}

/** Which headers go to the origin. */
export interface HeaderSelection extends Selection {
  /** CloudFront's own headers to add, in lower case. */
  readonly cloudFrontHeaders: readonly string[];
}

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cache-key-understand-cache-policy.html */
export interface CachePolicy {
  readonly id: string;
  readonly name: string;
  readonly minTtl: number;
  readonly defaultTtl: number;
  readonly maxTtl: number;
  readonly headers: HeaderSelection;
  readonly queryStrings: Selection;
  readonly cookies: Selection;
  readonly gzip: boolean;
  readonly brotli: boolean;
}

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/origin-request-understand-origin-request-policy.html */
export interface OriginRequestPolicy {
  readonly id: string;
  readonly name: string;
  readonly headers: HeaderSelection;
  readonly queryStrings: Selection;
  readonly cookies: Selection;
}

const YEAR = 31_536_000;
const DAY = 86_400;

const nothing: Selection = { takes: () => false, none: true, names: [] };
const everything: Selection = { takes: () => true, none: false, names: [] };

function listed(names: readonly string[]): Selection {
  const set = new Set(names);
  return { takes: (name) => set.has(name), none: set.size === 0, names };
}

function allExcept(names: readonly string[]): Selection {
  const set = new Set(names);
  return { takes: (name) => !set.has(name), none: false, names: [] };
}

export function selection(behavior: string | undefined, names: readonly string[]): Selection {
  switch (behavior) {
    case 'all':
      return everything;
    case 'whitelist':
      return listed(names);
    case 'allExcept':
      return allExcept(names);
    default:
      return nothing;
  }
}

/** Header names are compared in lower case; CloudFront's own headers are added rather than taken from the viewer. */
export function headerSelection(behavior: string | undefined, names: readonly string[]): HeaderSelection {
  const lower = names.map((name) => name.toLowerCase());
  const cloudFrontHeaders = lower.filter(isCloudFrontHeader);
  const viewerNames = lower.filter((name) => !isCloudFrontHeader(name));
  switch (behavior) {
    case 'allViewer':
      return { ...everything, cloudFrontHeaders: [] };
    case 'allViewerAndWhitelistCloudFront':
      return { ...everything, cloudFrontHeaders };
    case 'allExcept':
      return { ...allExcept(lower), cloudFrontHeaders: [] };
    case 'whitelist':
      return { ...listed(viewerNames), cloudFrontHeaders };
    default:
      return { ...nothing, cloudFrontHeaders: [] };
  }
}

/** From the properties of an `AWS::CloudFront::CachePolicy`. */
export function readCachePolicy(id: string, properties: Properties): CachePolicy {
  const config = propertiesOf(properties.CachePolicyConfig);
  const parameters = propertiesOf(config.ParametersInCacheKeyAndForwardedToOrigin);
  const ttls = readTtls(config);
  return {
    id,
    name: stringOf(config.Name) ?? id,
    ...ttls,
    ...readParts(parameters),
    gzip: booleanOf(parameters.EnableAcceptEncodingGzip),
    brotli: booleanOf(parameters.EnableAcceptEncodingBrotli),
  };
}

/** From the properties of an `AWS::CloudFront::OriginRequestPolicy`. */
export function readOriginRequestPolicy(id: string, properties: Properties): OriginRequestPolicy {
  const config = propertiesOf(properties.OriginRequestPolicyConfig);
  return { id, name: stringOf(config.Name) ?? id, ...readParts(config) };
}

/** A behaviour without a cache policy says the same with `ForwardedValues` (legacy settings). */
export function readForwardedValues(behavior: Properties): CachePolicy {
  const forwarded = propertiesOf(behavior.ForwardedValues);
  const headers = stringsOf(forwarded.Headers);
  const cookies = propertiesOf(forwarded.Cookies);
  const queryKeys = stringsOf(forwarded.QueryStringCacheKeys);
  const allHeaders = headers.includes('*');
  const ttls = readTtls(behavior);
  return {
    id: 'ForwardedValues',
    name: 'legacy cache settings',
    // Forwarding all headers turns caching off:
    // https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/header-caching.html
    ...(allHeaders ? { minTtl: 0, defaultTtl: 0, maxTtl: 0 } : ttls),
    headers: allHeaders ? headerSelection('allViewer', []) : headerSelection('whitelist', headers),
    queryStrings: booleanOf(forwarded.QueryString)
      ? selection(queryKeys.length > 0 ? 'whitelist' : 'all', queryKeys)
      : nothing,
    cookies: selection(stringOf(cookies.Forward) ?? 'none', stringsOf(cookies.WhitelistedNames)),
    gzip: booleanOf(behavior.Compress),
    brotli: false,
  };
}

function readTtls(config: Properties): Pick<CachePolicy, 'minTtl' | 'defaultTtl' | 'maxTtl'> {
  const minTtl = numberOf(config.MinTTL, 0);
  const defaultTtl = Math.max(numberOf(config.DefaultTTL, DAY), minTtl);
  const maxTtl = Math.max(numberOf(config.MaxTTL, Math.max(YEAR, defaultTtl)), minTtl);
  return { minTtl, defaultTtl: Math.min(defaultTtl, maxTtl), maxTtl };
}

function readParts(parameters: Properties): Pick<CachePolicy, 'headers' | 'queryStrings' | 'cookies'> {
  const headers = propertiesOf(parameters.HeadersConfig);
  const queryStrings = propertiesOf(parameters.QueryStringsConfig);
  const cookies = propertiesOf(parameters.CookiesConfig);
  return {
    headers: headerSelection(stringOf(headers.HeaderBehavior), stringsOf(headers.Headers)),
    queryStrings: selection(stringOf(queryStrings.QueryStringBehavior), stringsOf(queryStrings.QueryStrings)),
    cookies: selection(stringOf(cookies.CookieBehavior), stringsOf(cookies.Cookies)),
  };
}
