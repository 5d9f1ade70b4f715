import { listOf, propertiesOf, stringOf, type EdgeResource, type Properties } from './resource';

/** What CloudFront may do with a bucket. */
export interface BucketAccess {
  readonly get: boolean;
  /** Without it S3 says 403 of an object that does not exist. */
  readonly list: boolean;
}

/**
 * Reads the bucket's policy. Conditions are taken as met: they name the distribution that is running.
 * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
 */
export function readBucketAccess(bucket: string, resources: readonly EdgeResource[]): BucketAccess {
  const isOurs = resources.some(({ type, physicalId }) => type === 'AWS::S3::Bucket' && physicalId === bucket);
  // A bucket of another stack has its policy there.
  if (!isOurs) return { get: true, list: true };
  const actions = resources
    .filter(({ type, properties }) => type === 'AWS::S3::BucketPolicy' && properties.Bucket === bucket)
    .flatMap(({ properties }) => oneOrMore(propertiesOf(properties.PolicyDocument).Statement))
    .map(propertiesOf)
    .filter(isForCloudFront)
    .flatMap(({ Action: action }) => oneOrMore(action).map(String));
  const allows = (action: string): boolean => actions.some((pattern) => matches(pattern, action));
  return { get: allows('s3:GetObject'), list: allows('s3:ListBucket') };
}

function isForCloudFront(statement: Properties): boolean {
  if (stringOf(statement.Effect) !== 'Allow') return false;
  if (statement.Principal === '*') return true;
  const principal = propertiesOf(statement.Principal);
  const services = oneOrMore(principal.Service);
  // An origin access identity is a canonical user, or an AWS principal of CloudFront's.
  const identities = [...oneOrMore(principal.CanonicalUser), ...oneOrMore(principal.AWS).filter(isIdentity)];
  return services.includes('cloudfront.amazonaws.com') || identities.length > 0;
}

function isIdentity(principal: unknown): boolean {
  return principal === '*' || String(principal).includes('CloudFront Origin Access Identity');
}

function matches(pattern: string, action: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${expression}$`, 'i').test(action);
}

function oneOrMore(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? listOf(value) : value === undefined ? [] : [value];
}
