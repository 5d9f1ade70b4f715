import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { synthesizeSite } from './synthesis';

/** What AwsSolutions finds in a site by default, and why it is so. */
const KNOWN = {
  'AwsSolutions-CFR1': 'a site is for the whole world unless `geoRestriction` says otherwise',
  'AwsSolutions-CFR2': 'a web ACL costs money and judgement: `webAclId`',
  'AwsSolutions-CFR3': 'access logs are written on request: `logBucket`',
  'AwsSolutions-CFR4': "without a `certificate` CloudFront's own policy holds",
  'AwsSolutions-ECS2': 'the variables are names and numbers; what is secret comes by `secrets`',
  'AwsSolutions-ELB2': 'the load balancer sees what CloudFront sent it',
  'AwsSolutions-IAM5': "objects under the site's prefix, and ecr:GetAuthorizationToken, which has no resource",
  'AwsSolutions-S1': 'the buckets are reached by the tasks and by CloudFront only',
  'AwsSolutions-VPC7': 'flow logs are the choice of who owns the network',
};

/** What BucketDeployment of aws-cdk-lib brings along. */
const BUCKET_DEPLOYMENT = ['AwsSolutions-IAM4', 'AwsSolutions-IAM5', 'AwsSolutions-L1'];

describe('cdk-nag AwsSolutions', () => {
  const { findings } = synthesizeSite({}, {}, { plugins: (app) => [new AwsSolutionsChecks(app)] });
  const rules = (wanted: (finding: string) => boolean) =>
    [...new Set(findings.filter(wanted).map((finding) => /^[\w-]+/.exec(finding)?.[0]))].sort();
  const isBucketDeployment = (finding: string) => finding.includes('Custom::CDKBucketDeployment');

  it('finds in our own resources only what is known', () => {
    expect(rules((finding) => !isBucketDeployment(finding))).toEqual(Object.keys(KNOWN));
  });

  it('finds the rest in BucketDeployment', () => {
    expect(rules(isBucketDeployment)).toEqual(BUCKET_DEPLOYMENT);
  });
});
