import { describe, expect, it } from 'vitest';

import { describeNotRun } from '../../../local/stack/not-run';

function resources(...types: [type: string, reason?: string][]) {
  return types.map(([type, reason], index) => ({
    logicalId: `R${index}`,
    type,
    ...(reason !== undefined && { reason }),
  }));
}

describe('what a stack does not run', () => {
  it('is named type by type where it is missed', () => {
    expect(describeNotRun(resources(['AWS::SNS::Topic'], ['AWS::SQS::Queue'], ['AWS::SNS::Topic']))).toEqual([
      'not run: AWS::SNS::Topic (2), AWS::SQS::Queue',
    ]);
  });

  it('is named service by service where it is not needed', () => {
    expect(
      describeNotRun(
        resources(
          ['AWS::EC2::VPC', 'loopback'],
          ['AWS::EC2::Subnet', 'loopback'],
          ['AWS::S3::BucketPolicy', 'permissions'],
          ['AWS::S3::BucketPolicy', 'permissions'],
          ['AWS::CDK::Metadata', 'describes'],
          ['Custom::S3AutoDeleteObjects', 'gone'],
        ),
      ),
    ).toEqual([
      'not needed on one machine: AWS::EC2 (2), AWS::S3::BucketPolicy (2), AWS::CDK::Metadata, Custom::S3AutoDeleteObjects',
    ]);
  });

  it('is nothing where everything runs', () => {
    expect(describeNotRun([])).toEqual([]);
  });
});
