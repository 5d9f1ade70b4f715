import { Names, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** The longest region name in use, with room for one more letter: `ap-southeast-1`, `us-gov-west-1`, `us-isob-east-1`. */
const REGION_LENGTH = 16;

/**
 * A name for a resource that is unique in its account whatever the region, as most of CloudFront's are: the construct's path with a
 * hash, and the region. Without it the same stack could not be deployed in a second region.
 */
export function accountWideName(scope: IConstruct, maxLength: number): string {
  const name = Names.uniqueResourceName(scope, { maxLength: maxLength - REGION_LENGTH - 1 });
  return `${name}-${Stack.of(scope).region}`;
}
