import { CLOUDFRONT_HEADERS_2022_06 } from './cloudfront-headers';
import { headerSelection, selection, type CachePolicy, type OriginRequestPolicy } from './policies';
import { readResponseHeadersPolicy, type ResponseHeadersPolicy } from './response-headers-policy';

const DAY = 86_400;
const YEAR = 31_536_000;

type Ttls = readonly [min: number, standard: number, max: number];
type Part = readonly [behavior: string, names: readonly string[]];

const NONE: Part = ['none', []];
const ALL: Part = ['all', []];

function cachePolicy(
  name: string,
  id: string,
  ttls: Ttls,
  headers: Part,
  queries: Part,
  cookies: Part,
  compressed: boolean,
): CachePolicy {
  return {
    id,
    name: `Managed-${name}`,
    minTtl: ttls[0],
    defaultTtl: ttls[1],
    maxTtl: ttls[2],
    headers: headerSelection(...headers),
    queryStrings: selection(...queries),
    cookies: selection(...cookies),
    gzip: compressed,
    brotli: compressed,
  };
}

const ORIGIN_HEADERS = ['Host', 'Origin', 'X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'];
const AMPLIFY_HEADERS = ['Authorization', 'CloudFront-Viewer-Country', 'Host'];
const MEDIA_QUERIES = ['aws.manifestfilter', 'start', 'end', 'm'];

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html */
const CACHE_POLICIES = [
  cachePolicy('CachingOptimized', '658327ea-f89d-4fab-a63d-7e88639e58f6', [1, DAY, YEAR], NONE, NONE, NONE, true),
  cachePolicy(
    'CachingOptimizedForUncompressedObjects',
    'b2884449-e4de-46a7-ac36-70bc7f1ddd6d',
    [1, DAY, YEAR],
    NONE,
    NONE,
    NONE,
    false,
  ),
  cachePolicy('CachingDisabled', '4135ea2d-6df8-44a3-9df3-4b5a84be39ad', [0, 0, 0], NONE, NONE, NONE, false),
  cachePolicy(
    'Amplify',
    '2e54312d-136d-493c-8eb9-b001f22f67d2',
    [2, 2, 600],
    ['whitelist', AMPLIFY_HEADERS],
    ALL,
    ALL,
    true,
  ),
  cachePolicy(
    'Elemental-MediaPackage',
    '08627262-05a9-4f76-9ded-b50ca2e3a84f',
    [0, DAY, YEAR],
    ['whitelist', ['Origin']],
    ['whitelist', MEDIA_QUERIES],
    NONE,
    true,
  ),
  cachePolicy(
    'UseOriginCacheControlHeaders',
    '83da9c7e-98b4-4e11-a168-04f0df8e2c65',
    [0, 0, YEAR],
    ['whitelist', ORIGIN_HEADERS],
    NONE,
    ALL,
    true,
  ),
  cachePolicy(
    'UseOriginCacheControlHeaders-QueryStrings',
    '4cc15a8a-d715-48a4-82b8-cc0b614638fe',
    [0, 0, YEAR],
    ['whitelist', ORIGIN_HEADERS],
    ALL,
    ALL,
    true,
  ),
];

function originRequestPolicy(
  name: string,
  id: string,
  headers: Part,
  queries: Part,
  cookies: Part,
): OriginRequestPolicy {
  return {
    id,
    name: `Managed-${name}`,
    headers: headerSelection(...headers),
    queryStrings: selection(...queries),
    cookies: selection(...cookies),
  };
}

const PREFLIGHT_HEADERS = ['Origin', 'Access-Control-Request-Headers', 'Access-Control-Request-Method'];

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html */
const ORIGIN_REQUEST_POLICIES = [
  originRequestPolicy('AllViewer', '216adef6-5c7f-47e4-b989-5492eafa07d3', ['allViewer', []], ALL, ALL),
  originRequestPolicy(
    'AllViewerAndCloudFrontHeaders-2022-06',
    '33f36d7e-f396-46d9-90e0-52428a34d9dc',
    ['allViewerAndWhitelistCloudFront', CLOUDFRONT_HEADERS_2022_06],
    ALL,
    ALL,
  ),
  originRequestPolicy(
    'AllViewerExceptHostHeader',
    'b689b0a8-53d0-40ab-baf2-68738e2966ac',
    ['allExcept', ['Host']],
    ALL,
    ALL,
  ),
  originRequestPolicy(
    'CORS-CustomOrigin',
    '59781a5b-3903-41f3-afcb-af62929ccde1',
    ['whitelist', ['Origin']],
    NONE,
    NONE,
  ),
  originRequestPolicy(
    'CORS-S3Origin',
    '88a5eaf4-2fd4-4709-b370-b4c650ea3fcf',
    ['whitelist', PREFLIGHT_HEADERS],
    NONE,
    NONE,
  ),
  originRequestPolicy(
    'Elemental-MediaTailor-PersonalizedManifests',
    '775133bc-15f2-49f9-abea-afb2e0bf67d2',
    ['whitelist', [...PREFLIGHT_HEADERS, 'User-Agent', 'X-Forwarded-For']],
    ALL,
    NONE,
  ),
  originRequestPolicy('HostHeaderOnly', 'bf0718e1-ba1e-49d1-88b1-f726733018ae', ['whitelist', ['Host']], NONE, NONE),
  originRequestPolicy(
    'UserAgentRefererHeaders',
    'acba4595-bd28-49b8-b9fe-13317c0390fa',
    ['whitelist', ['User-Agent', 'Referer']],
    NONE,
    NONE,
  ),
];

const SIMPLE_CORS = {
  AccessControlAllowCredentials: false,
  AccessControlAllowHeaders: { Items: ['*'] },
  AccessControlAllowMethods: { Items: ['GET'] },
  AccessControlAllowOrigins: { Items: ['*'] },
  OriginOverride: false,
};
const PREFLIGHT_CORS = {
  ...SIMPLE_CORS,
  AccessControlAllowMethods: { Items: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] },
  AccessControlExposeHeaders: { Items: ['*'] },
};
const SECURITY = {
  ContentTypeOptions: { Override: true },
  FrameOptions: { FrameOption: 'SAMEORIGIN', Override: false },
  ReferrerPolicy: { ReferrerPolicy: 'strict-origin-when-cross-origin', Override: false },
  StrictTransportSecurity: { AccessControlMaxAgeSec: YEAR, Override: false },
  XSSProtection: { Protection: true, ModeBlock: true, Override: false },
};

function responseHeadersPolicy(
  name: string,
  id: string,
  config: Readonly<Record<string, unknown>>,
): ResponseHeadersPolicy {
  return readResponseHeadersPolicy(id, { ResponseHeadersPolicyConfig: { Name: `Managed-${name}`, ...config } });
}

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-response-headers-policies.html */
const RESPONSE_HEADERS_POLICIES = [
  responseHeadersPolicy('SimpleCORS', '60669652-455b-4ae9-85a4-c4c02393f86c', { CorsConfig: SIMPLE_CORS }),
  responseHeadersPolicy('CORS-With-Preflight', '5cc3b908-e619-4b99-88e5-2cf7f45965bd', { CorsConfig: PREFLIGHT_CORS }),
  responseHeadersPolicy('SecurityHeadersPolicy', '67f7725c-6f97-4210-82d7-5512b31e9d03', {
    SecurityHeadersConfig: SECURITY,
  }),
  responseHeadersPolicy('CORS-and-SecurityHeadersPolicy', 'e61eb60c-9c35-4d20-a928-2b84e02af89c', {
    CorsConfig: SIMPLE_CORS,
    SecurityHeadersConfig: SECURITY,
  }),
  responseHeadersPolicy('CORS-with-preflight-and-SecurityHeadersPolicy', 'eaab4381-ed33-4a86-88ca-d9558dc6cd63', {
    CorsConfig: PREFLIGHT_CORS,
    SecurityHeadersConfig: SECURITY,
  }),
];

/** Policies that AWS manages, by their well-known ids. */
export const managedCachePolicies = byId(CACHE_POLICIES);
export const managedOriginRequestPolicies = byId(ORIGIN_REQUEST_POLICIES);
export const managedResponseHeadersPolicies = byId(RESPONSE_HEADERS_POLICIES);

function byId<T extends { readonly id: string }>(policies: readonly T[]): ReadonlyMap<string, T> {
  return new Map(policies.map((policy) => [policy.id, policy]));
}
