import { createHash } from 'node:crypto';
import type { StackEnvironment } from './environment';

/** What the physical model knows of a resource. */
export interface ModelledResource {
  readonly logicalId: string;
  readonly type: string;
  readonly environment: StackEnvironment;
  /** A property with its intrinsics resolved. */
  property(name: string): unknown;
}

/** Lower-case hexadecimal digits that belong to the resource, the same in every run. */
export function digits({ logicalId, environment }: ModelledResource, length: number): string {
  return createHash('sha256').update(`${environment.stackName}\n${logicalId}`).digest('hex').slice(0, length);
}

/** The name that a property gives, or one in CloudFormation's manner: stack, logical id and digits. */
export function nameOf(resource: ModelledResource, property: string, maxLength = 128): string {
  const given = resource.property(property);
  if (typeof given === 'string') return given;
  const suffix = digits(resource, 12);
  const prefix = `${resource.environment.stackName}-${resource.logicalId}`.slice(0, maxLength - suffix.length - 1);
  return `${prefix.replace(/-$/, '')}-${suffix}`;
}

/** An ARN of the stack's account and region; services without regions or accounts say so. */
export function arn(
  { environment }: ModelledResource,
  service: string,
  resource: string,
  { region = environment.region, account = environment.account }: { region?: string; account?: string } = {},
): string {
  return `arn:${environment.partition}:${service}:${region}:${account}:${resource}`;
}
