import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { resources, synthesizeSite } from './synthesis';

/** Properties that name a resource; those of CloudFront and IAM are names in all regions of an account at once. */
const NAMES = /"(?:Name|\w+Name)":"([^"]+)"/g;

/** A distribution has no name, its origins' headers have; the policy of a role is named within the role. */
const NAMELESS = new Set(['AWS::CloudFront::Distribution', 'AWS::IAM::Policy']);

const namesOf = (template: Template) =>
  resources(template)
    .filter(([, { Type }]) => /^AWS::(CloudFront|IAM)::/.test(Type) && !NAMELESS.has(Type))
    .flatMap(([, { Type, Properties }]) =>
      [...JSON.stringify(Properties).matchAll(NAMES)].map(([, name]) => `${Type} ${name ?? ''}`),
    );

describe('the same stack in two regions of one account', () => {
  const [one = [], other = []] = ['us-east-1', 'eu-central-1'].map((region) =>
    namesOf(synthesizeSite({}, {}, { env: { account: '111122223333', region } }).template),
  );

  it('has no name twice where names are of the whole account', () => {
    expect(one.map((name) => name.split(' ')[0])).toEqual(
      expect.arrayContaining(['AWS::CloudFront::VpcOrigin', 'AWS::CloudFront::CachePolicy']),
    );
    expect(one.filter((name) => other.includes(name))).toEqual([]);
  });
});
