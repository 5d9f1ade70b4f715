import { CfnMapping, Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ConfigurationError } from './errors';

/**
 * Ids of the managed prefix list `com.amazonaws.global.cloudfront.origin-facing`: the same in every account, another in every region.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
 */
const ID_BY_REGION: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'pl-58a04531',
  'ap-northeast-2': 'pl-22a6434b',
  'ap-northeast-3': 'pl-31a14458',
  'ap-south-1': 'pl-9aa247f3',
  'ap-southeast-1': 'pl-31a34658',
  'ap-southeast-2': 'pl-b8a742d1',
  'ca-central-1': 'pl-38a64351',
  'eu-central-1': 'pl-a3a144ca',
  'eu-north-1': 'pl-fab65393',
  'eu-west-1': 'pl-4fa04526',
  'eu-west-2': 'pl-93a247fa',
  'eu-west-3': 'pl-75b1541c',
  'sa-east-1': 'pl-5da64334',
  'us-east-1': 'pl-3b927c52',
  'us-east-2': 'pl-b6a144df',
  'us-west-1': 'pl-4ea04527',
  'us-west-2': 'pl-82a045eb',
};

/** The list's id in the stack's region; a stack without a region of its own carries all of them, and CloudFormation chooses. */
export function originFacingPrefixListId(scope: Construct, part: string): string {
  const region = Stack.of(scope).region;
  if (Token.isUnresolved(region)) {
    const mapping = Object.fromEntries(Object.entries(ID_BY_REGION).map(([name, id]) => [name, { id }]));
    return new CfnMapping(scope, 'OriginFacingPrefixList', { mapping }).findInMap(region, 'id');
  }
  const id = ID_BY_REGION[region];
  if (id) return id;
  throw new ConfigurationError({
    part,
    scope,
    problem: `the id of CloudFront's prefix list is not known for region ${region}, only for ${Object.keys(ID_BY_REGION).join(', ')}`,
    remedy:
      'Give the id that `aws ec2 describe-managed-prefix-lists --filters ' +
      'Name=prefix-list-name,Values=com.amazonaws.global.cloudfront.origin-facing` prints in that region',
  });
}
