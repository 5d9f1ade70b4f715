import { EdgeFunction } from './edge-function';
import { managedCachePolicies, managedOriginRequestPolicies, managedResponseHeadersPolicies } from './managed-policies';
import { isShielded, readOrigin, readOriginGroup, type Target } from './origin';
import { pathMatcher } from './path-pattern';
import {
  readCachePolicy,
  readForwardedValues,
  readOriginRequestPolicy,
  type CachePolicy,
  type OriginRequestPolicy,
} from './policies';
import {
  booleanOf,
  listOf,
  numberOf,
  propertiesOf,
  stringOf,
  stringsOf,
  type EdgeResource,
  type Properties,
} from './resource';
import { readResponseHeadersPolicy, type ResponseHeadersPolicy } from './response-headers-policy';

/** A cache behaviour with everything it refers to. */
export interface Behavior {
  /** As in the template; the default behaviour is `*`. */
  readonly pathPattern: string;
  matches(normalizedPath: string): boolean;
  readonly target: Target;
  readonly allowedMethods: ReadonlySet<string>;
  readonly cachedMethods: ReadonlySet<string>;
  readonly compress: boolean;
  readonly cachePolicy: CachePolicy;
  readonly originRequestPolicy?: OriginRequestPolicy;
  readonly responseHeadersPolicy?: ResponseHeadersPolicy;
  readonly viewerRequest?: EdgeFunction;
  readonly viewerResponse?: EdgeFunction;
}

/** @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/GeneratingCustomErrorResponses.html */
export interface CustomErrorResponse {
  readonly errorCode: number;
  /** Seconds that the error is kept at least. */
  readonly errorCachingMinTtl: number;
  readonly responseCode?: number;
  readonly responsePagePath?: string;
}

/** What a resolved `AWS::CloudFront::Distribution` says, ready to run. */
export interface Distribution {
  readonly id: string;
  readonly domainName: string;
  readonly defaultRootObject?: string;
  /** In CloudFront's order; the last one takes every path. */
  readonly behaviors: readonly Behavior[];
  readonly errorResponses: ReadonlyMap<number, CustomErrorResponse>;
  /** Name, in lower case, of the header that carries a response's cache tags. */
  readonly cacheTagHeader?: string;
  /** What the template asks for and the edge does not do, one sentence each. */
  readonly unsupported: readonly string[];
}

const ERROR_CACHING_MIN_TTL = 10;

export interface DistributionOptions {
  readonly distribution: EdgeResource;
  /** Policies, functions, access controls and VPC origins that the distribution refers to; others are ignored. */
  readonly resources: Iterable<EdgeResource>;
  /** The domain name that the distribution would have; functions see it. */
  readonly domainName?: string;
}

export function readDistribution(options: DistributionOptions): Distribution {
  return new DistributionReader(options).read();
}

class DistributionReader {
  private readonly config: Properties;
  private readonly resources: readonly EdgeResource[];
  private readonly targets = new Map<string, Target>();
  private readonly unsupported: string[] = [];
  private readonly functions = new Map<string, EdgeFunction>();

  constructor(private readonly options: DistributionOptions) {
    this.config = propertiesOf(options.distribution.properties.DistributionConfig);
    this.resources = [...options.resources];
  }

  read(): Distribution {
    const { distribution, domainName } = this.options;
    const rootObject = stringOf(this.config.DefaultRootObject);
    const tagHeader = stringOf(propertiesOf(this.config.CacheTagConfig).HeaderName);
    this.readTargets();
    this.noteUnsupported();
    return {
      id: distribution.physicalId,
      domainName: domainName ?? `${distribution.physicalId.toLowerCase()}.cloudfront.net`,
      ...(rootObject === undefined ? {} : { defaultRootObject: rootObject.replace(/^\//, '') }),
      behaviors: [
        ...listOf(this.config.CacheBehaviors).map((item) => this.readBehavior(propertiesOf(item))),
        this.readBehavior({ ...propertiesOf(this.config.DefaultCacheBehavior), PathPattern: '*' }),
      ],
      errorResponses: this.readErrorResponses(),
      ...(tagHeader === undefined ? {} : { cacheTagHeader: tagHeader.toLowerCase() }),
      unsupported: this.unsupported,
    };
  }

  private readTargets(): void {
    const items = listOf(this.config.Origins).map(propertiesOf);
    const origins = new Map(items.map((item) => readOrigin(item, this.resources)).map((origin) => [origin.id, origin]));
    for (const [id, origin] of origins) this.targets.set(id, { id, origins: [origin], failoverStatuses: new Set() });
    for (const item of listOf(propertiesOf(this.config.OriginGroups).Items)) {
      const { id, members, failoverStatuses } = readOriginGroup(propertiesOf(item), origins);
      this.targets.set(id, { id, origins: members, failoverStatuses });
    }
    if (items.some(isShielded))
      this.unsupported.push('Origin Shield: the edge is one cache already, so there is no second layer');
  }

  private readBehavior(behavior: Properties): Behavior {
    const pathPattern = stringOf(behavior.PathPattern) ?? '*';
    const targetId = stringOf(behavior.TargetOriginId) ?? '';
    const target = this.targets.get(targetId);
    if (target === undefined) {
      throw new Error(
        `cdk-nextjs-ecs/local edge: behaviour "${pathPattern}" names origin "${targetId}"; the distribution has: ${[...this.targets.keys()].join(', ')}`,
      );
    }
    const functions = this.readFunctions(pathPattern, behavior);
    const originRequestPolicyId = stringOf(behavior.OriginRequestPolicyId);
    const responseHeadersPolicyId = stringOf(behavior.ResponseHeadersPolicyId);
    if (listOf(behavior.TrustedKeyGroups).length > 0 || listOf(behavior.TrustedSigners).length > 0) {
      this.unsupported.push(`behaviour ${pathPattern}: signed URLs and cookies are not checked`);
    }
    return {
      pathPattern,
      matches: pathMatcher(pathPattern),
      target,
      allowedMethods: methodsOf(behavior.AllowedMethods),
      cachedMethods: methodsOf(behavior.CachedMethods),
      compress: booleanOf(behavior.Compress),
      cachePolicy: this.cachePolicy(behavior),
      ...(originRequestPolicyId === undefined
        ? {}
        : { originRequestPolicy: this.originRequestPolicy(originRequestPolicyId) }),
      ...(responseHeadersPolicyId === undefined
        ? {}
        : { responseHeadersPolicy: this.responseHeadersPolicy(responseHeadersPolicyId) }),
      ...functions,
    };
  }

  private cachePolicy(behavior: Properties): CachePolicy {
    const id = stringOf(behavior.CachePolicyId);
    if (id === undefined) return readForwardedValues(behavior);
    const managed = managedCachePolicies.get(id);
    return managed ?? readCachePolicy(id, this.resource('AWS::CloudFront::CachePolicy', id).properties);
  }

  private originRequestPolicy(id: string): OriginRequestPolicy {
    const managed = managedOriginRequestPolicies.get(id);
    return managed ?? readOriginRequestPolicy(id, this.resource('AWS::CloudFront::OriginRequestPolicy', id).properties);
  }

  private responseHeadersPolicy(id: string): ResponseHeadersPolicy {
    const managed = managedResponseHeadersPolicies.get(id);
    return (
      managed ?? readResponseHeadersPolicy(id, this.resource('AWS::CloudFront::ResponseHeadersPolicy', id).properties)
    );
  }

  private readFunctions(pathPattern: string, behavior: Properties): Pick<Behavior, 'viewerRequest' | 'viewerResponse'> {
    if (listOf(behavior.LambdaFunctionAssociations).length > 0)
      this.unsupported.push(`behaviour ${pathPattern}: Lambda@Edge functions do not run`);
    const found: { viewerRequest?: EdgeFunction; viewerResponse?: EdgeFunction } = {};
    for (const item of listOf(behavior.FunctionAssociations).map(propertiesOf)) {
      const edgeFunction = this.edgeFunction(stringOf(item.FunctionARN) ?? '');
      if (item.EventType === 'viewer-request') found.viewerRequest = edgeFunction;
      if (item.EventType === 'viewer-response') found.viewerResponse = edgeFunction;
    }
    return found;
  }

  /** One isolated context a function, however many behaviours use it. */
  private edgeFunction(arn: string): EdgeFunction {
    const known = this.functions.get(arn);
    if (known !== undefined) return known;
    const { logicalId, properties } = this.resource('AWS::CloudFront::Function', arn);
    const config = propertiesOf(properties.FunctionConfig);
    const edgeFunction = new EdgeFunction({
      name: stringOf(properties.Name) ?? logicalId,
      code: stringOf(properties.FunctionCode) ?? '',
    });
    if (listOf(config.KeyValueStoreAssociations).length > 0)
      this.unsupported.push(`function ${edgeFunction.name}: key value stores are empty`);
    this.functions.set(arn, edgeFunction);
    return edgeFunction;
  }

  /** A function is referred to by its ARN, which ends in its name; everything else by what `Ref` gives. */
  private resource(type: string, id: string): EdgeResource {
    const candidates = this.resources.filter((candidate) => candidate.type === type);
    const found = candidates.find(
      (candidate) =>
        candidate.physicalId === id ||
        id.endsWith(`:function/${stringOf(candidate.properties.Name) ?? candidate.physicalId}`),
    );
    if (found === undefined) {
      const known = candidates.map((candidate) => candidate.physicalId).join(', ') || 'none';
      throw new Error(
        `cdk-nextjs-ecs/local edge: no ${type} with the id "${id}" in the template (has: ${known}), and AWS manages none of that id`,
      );
    }
    return found;
  }

  private readErrorResponses(): ReadonlyMap<number, CustomErrorResponse> {
    return new Map(
      listOf(this.config.CustomErrorResponses)
        .map(propertiesOf)
        .map((item) => {
          const errorCode = numberOf(item.ErrorCode, 0);
          const responsePagePath = stringOf(item.ResponsePagePath);
          const response: CustomErrorResponse = {
            errorCode,
            errorCachingMinTtl: numberOf(item.ErrorCachingMinTTL, ERROR_CACHING_MIN_TTL),
            ...(responsePagePath === undefined
              ? {}
              : { responsePagePath, responseCode: numberOf(item.ResponseCode, errorCode) }),
          };
          return [errorCode, response];
        }),
    );
  }

  private noteUnsupported(): void {
    const note = (condition: boolean, text: string): void => {
      if (condition) this.unsupported.push(text);
    };
    const restriction = stringOf(propertiesOf(propertiesOf(this.config.Restrictions).GeoRestriction).RestrictionType);
    note(stringOf(this.config.WebACLId) !== undefined, 'AWS WAF: no request is filtered');
    note(
      restriction !== undefined && restriction !== 'none',
      'geographic restrictions: the country of a local viewer is not known',
    );
    note(
      this.config.ContinuousDeploymentPolicyId !== undefined && this.config.ContinuousDeploymentPolicyId !== '',
      'continuous deployment: only the primary distribution runs',
    );
    note(this.config.Logging !== undefined, 'access logs are not written');
  }
}

function methodsOf(value: unknown): ReadonlySet<string> {
  const methods = stringsOf(value);
  return new Set(methods.length > 0 ? methods : ['GET', 'HEAD']);
}

/** How long an error of this status is kept at least, in seconds. */
export function errorTtl(distribution: Distribution, status: number): number {
  return distribution.errorResponses.get(status)?.errorCachingMinTtl ?? ERROR_CACHING_MIN_TTL;
}
