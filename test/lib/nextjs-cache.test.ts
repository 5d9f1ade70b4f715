import { CfnOutput, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { NextjsCache } from '../../lib';
import { resources, synthesize, theResource } from './synthesis';

const { template: alone } = synthesize((stack) => new NextjsCache(stack, 'Cache'));

describe('the bucket of a cache', () => {
  it('is private, encrypted, and refuses plain HTTP', () => {
    const template = alone;
    template.hasResourceProperties('AWS::S3::Bucket', {
      BucketEncryption: Match.anyValue(),
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });

  it('lets entries expire', () => {
    const template = synthesize(
      (stack) => new NextjsCache(stack, 'Cache', { entryExpiration: Duration.days(7) }),
    ).template;
    template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: { Rules: [Match.objectLike({ ExpirationInDays: 7, Status: 'Enabled' })] },
    });
  });
});

describe('the table of a cache', () => {
  it('is paid by request, can be restored, and has keys, index, stream and expiry that the runtime relies on', () => {
    alone.hasResourceProperties('AWS::DynamoDB::Table', {
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: 'updatedAt',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'updatedAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
  });

  it('defines every attribute that a key names, and none besides', () => {
    const { Properties: table } = theResource(alone, 'AWS::DynamoDB::Table');
    const indexes = table.LocalSecondaryIndexes as { KeySchema: { AttributeName: string }[] }[];
    const keys = [...(table.KeySchema as { AttributeName: string }[]), ...indexes.flatMap((index) => index.KeySchema)];
    const defined = (table.AttributeDefinitions as { AttributeName: string }[]).map(
      ({ AttributeName }) => AttributeName,
    );
    expect(new Set(defined)).toEqual(new Set(keys.map(({ AttributeName }) => AttributeName)));
  });
});

describe('a cache that leaves its stack', () => {
  it.each(['AWS::S3::Bucket', 'AWS::DynamoDB::Table'])('keeps its %s', (type) => {
    expect(theResource(alone, type)).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });

  it('goes with it when the user says so', () => {
    const { template } = synthesize(
      (stack) => new NextjsCache(stack, 'Cache', { removalPolicy: RemovalPolicy.DESTROY }),
    );
    expect(theResource(template, 'AWS::DynamoDB::Table').DeletionPolicy).toBe('Delete');
  });
});

describe('grantReadWrite', () => {
  it("allows what the runtime does, on one site's keys, and nothing else", () => {
    const { template } = synthesize((stack) => {
      const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
      new NextjsCache(stack, 'Cache').grantReadWrite(role, 'shop');
    });
    const { Properties } = theResource(template, 'AWS::IAM::Policy');
    const bucket = { 'Fn::GetAtt': [expect.stringContaining('CacheBucket') as string, 'Arn'] };
    const table = { 'Fn::GetAtt': [expect.stringContaining('CacheTable') as string, 'Arn'] };
    expect(Properties.PolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['s3:GetObject', 's3:PutObject'],
          Resource: { 'Fn::Join': ['', [bucket, '/shop/*']] },
        },
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: bucket },
        {
          Effect: 'Allow',
          Action: [
            'dynamodb:BatchGetItem',
            'dynamodb:DeleteItem',
            'dynamodb:GetItem',
            'dynamodb:PutItem',
            'dynamodb:Query',
            'dynamodb:UpdateItem',
          ],
          Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['shop#*'] } },
          Resource: [table, { 'Fn::Join': ['', [table, '/index/updatedAt']] }],
        },
      ],
    });
  });
});

describe('grantRevalidate', () => {
  it("allows to write one site's tag rows, in all their partitions, and nothing else", () => {
    const { template } = synthesize((stack) => {
      const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
      new NextjsCache(stack, 'Cache').grantRevalidate(role, 'shop');
    });
    const { Statement } = theResource(template, 'AWS::IAM::Policy').Properties.PolicyDocument as {
      Statement: unknown[];
    };
    expect(Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'dynamodb:UpdateItem',
        Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['shop#tag', 'shop#tag#*'] } },
        Resource: { 'Fn::GetAtt': [expect.stringContaining('CacheTable') as string, 'Arn'] },
      },
    ]);
  });
});

describe('a cache over what exists', () => {
  it('makes nothing', () => {
    const { template } = synthesize((stack) => {
      new NextjsCache(stack, 'Cache', {
        bucket: s3.Bucket.fromBucketName(stack, 'Bucket', 'entries'),
        table: dynamodb.Table.fromTableName(stack, 'Table', 'rows'),
      });
      new CfnOutput(stack, 'Output', { value: 'x' });
    });
    expect(resources(template).map(([, { Type }]) => Type)).not.toContainEqual(expect.stringMatching(/S3|DynamoDB/));
  });

  it('refuses a number of partitions that the runtime does not take', () => {
    expect(() => synthesize((stack) => new NextjsCache(stack, 'Cache', { tagShards: 65 }))).toThrow(
      /tagShards \(Stack\/Cache\): must be a whole number from 1 to 64; received 65/,
    );
  });
});
