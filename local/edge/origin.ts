import { readBucketAccess, type BucketAccess } from './bucket-access';
import { booleanOf, listOf, numberOf, propertiesOf, stringOf, type EdgeResource, type Properties } from './resource';

/** An origin of the distribution, or an origin group seen through its members. */
export interface Origin {
  readonly id: string;
  readonly domainName: string;
  /** Prefix of every request's path; empty or `/like-this`. */
  readonly path: string;
  readonly customHeaders: readonly (readonly [name: string, value: string])[];
  readonly kind: 'custom' | 'vpc' | 's3';
  /** Bucket of an S3 origin, and what its policy allows. */
  readonly bucket?: string;
  readonly bucketAccess?: BucketAccess;
  /** Whether CloudFront signs requests to the bucket (origin access control or identity). */
  readonly signed: boolean;
  /** Port that the distribution names; a VPC origin's comes from the endpoint's configuration. */
  readonly port: number;
  /** Seconds to wait for a connection (1–10). */
  readonly connectionTimeout: number;
  /** How often a connection is tried (1–3). */
  readonly connectionAttempts: number;
  /** Seconds without a byte: until the first and between any two. */
  readonly readTimeout: number;
  /** Seconds that an idle connection is kept. */
  readonly keepaliveTimeout: number;
  /** Seconds for the whole answer; undefined is no bound. */
  readonly responseCompletionTimeout?: number;
}

/** A primary and a secondary origin with the statuses of the first that make CloudFront ask the second. */
export interface OriginGroup {
  readonly id: string;
  readonly members: readonly [primary: Origin, secondary: Origin];
  readonly failoverStatuses: ReadonlySet<number>;
}

/** What the origin of a behaviour is asked through: the origins in the order of trying. */
export interface Target {
  readonly id: string;
  readonly origins: readonly Origin[];
  readonly failoverStatuses: ReadonlySet<number>;
}

const S3_DOMAIN = /^(?<bucket>.+)\.s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/;

/** From an item of `DistributionConfig.Origins`. */
export function readOrigin(properties: Properties, resources: readonly EdgeResource[]): Origin {
  const domainName = stringOf(properties.DomainName) ?? '';
  const vpc = properties.VpcOriginConfig === undefined ? undefined : propertiesOf(properties.VpcOriginConfig);
  const custom = propertiesOf(vpc ?? properties.CustomOriginConfig);
  const isCustom = properties.CustomOriginConfig !== undefined || vpc !== undefined;
  const bucket = isCustom ? undefined : S3_DOMAIN.exec(domainName)?.groups?.bucket;
  const completion = numberOf(properties.ResponseCompletionTimeout, 0);
  return {
    id: stringOf(properties.Id) ?? domainName,
    domainName,
    path: (stringOf(properties.OriginPath) ?? '').replace(/\/$/, ''),
    customHeaders: listOf(properties.OriginCustomHeaders)
      .map(propertiesOf)
      .map(
        (header) => [(stringOf(header.HeaderName) ?? '').toLowerCase(), stringOf(header.HeaderValue) ?? ''] as const,
      ),
    kind: vpc === undefined ? (bucket === undefined ? 'custom' : 's3') : 'vpc',
    ...(bucket === undefined ? {} : { bucket, bucketAccess: readBucketAccess(bucket, resources) }),
    signed: isSigned(properties, resources),
    port: vpc === undefined ? customPort(custom) : vpcPort(vpc, resources),
    connectionTimeout: numberOf(properties.ConnectionTimeout, 10),
    connectionAttempts: numberOf(properties.ConnectionAttempts, 3),
    readTimeout: numberOf((isCustom ? custom : propertiesOf(properties.S3OriginConfig)).OriginReadTimeout, 30),
    keepaliveTimeout: numberOf(custom.OriginKeepaliveTimeout, 5),
    ...(completion > 0 ? { responseCompletionTimeout: completion } : {}),
  };
}

/** Locally nothing speaks TLS: an HTTPS origin is asked in plain HTTP at the port that its HTTPS would have. */
function customPort(config: Properties): number {
  const https = stringOf(config.OriginProtocolPolicy) === 'https-only';
  return https ? numberOf(config.HTTPSPort, 443) : numberOf(config.HTTPPort, 80);
}

function vpcPort(vpc: Properties, resources: readonly EdgeResource[]): number {
  const id = stringOf(vpc.VpcOriginId);
  const resource = resources.find(
    (candidate) => candidate.type === 'AWS::CloudFront::VpcOrigin' && candidate.physicalId === id,
  );
  return customPort(propertiesOf(resource?.properties.VpcOriginEndpointConfig));
}

function isSigned(properties: Properties, resources: readonly EdgeResource[]): boolean {
  if (stringOf(propertiesOf(properties.S3OriginConfig).OriginAccessIdentity) !== undefined) return true;
  const controlId = stringOf(properties.OriginAccessControlId);
  if (controlId === undefined) return false;
  const control = resources.find(
    (candidate) => candidate.type === 'AWS::CloudFront::OriginAccessControl' && candidate.physicalId === controlId,
  );
  const config = propertiesOf(control?.properties.OriginAccessControlConfig);
  return stringOf(config.SigningBehavior) !== 'never';
}

/** From an item of `DistributionConfig.OriginGroups.Items`. */
export function readOriginGroup(properties: Properties, origins: ReadonlyMap<string, Origin>): OriginGroup {
  const id = stringOf(properties.Id) ?? '';
  const [primary, secondary] = listOf(propertiesOf(properties.Members).Items).map((member) =>
    origins.get(stringOf(propertiesOf(member).OriginId) ?? ''),
  );
  if (primary === undefined || secondary === undefined) {
    throw new Error(
      `cdk-nextjs-ecs/local edge: origin group "${id}" must name two origins of the distribution; have: ${[...origins.keys()].join(', ')}`,
    );
  }
  const codes = listOf(propertiesOf(propertiesOf(properties.FailoverCriteria).StatusCodes).Items);
  return { id, members: [primary, secondary], failoverStatuses: new Set(codes.map((code) => numberOf(code, 0))) };
}

/** Whether the origin asks for a layer of cache in front of it. */
export function isShielded(properties: Properties): boolean {
  return booleanOf(propertiesOf(properties.OriginShield).Enabled);
}
