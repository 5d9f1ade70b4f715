import { Annotations, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { accountWideName } from './names';

/** The private bucket of hashed files as an origin, which this distribution alone may read. */
export function createAssetOrigin(scope: Construct, bucket: s3.IBucket, owner: Construct): cloudfront.IOrigin {
  return origins.S3BucketOrigin.withOriginAccessControl(visibleFrom(owner, scope, bucket), {
    originAccessControl: new cloudfront.S3OriginAccessControl(scope, 'AssetAccess', {
      originAccessControlName: accountWideName(scope, 64),
      signing: cloudfront.Signing.SIGV4_ALWAYS,
    }),
    // Without LIST, S3 answers 403 for a file that is missing.
    originAccessLevels: [cloudfront.AccessLevel.READ, cloudfront.AccessLevel.LIST],
  });
}

/**
 * The bucket as the distribution's stack sees it. A bucket of another stack cannot name the distribution in its policy: each stack would wait
 * for the other. There every distribution of the account may read the files, which all the world may read anyway.
 */
function visibleFrom(owner: Construct, scope: Construct, bucket: s3.IBucket): s3.IBucket {
  const stack = Stack.of(bucket);
  if (stack === Stack.of(owner)) return bucket;
  const distributions = stack.formatArn({
    service: 'cloudfront',
    region: '',
    resource: 'distribution',
    resourceName: '*',
  });
  for (const [action, resource] of [
    ['s3:GetObject', bucket.arnForObjects('*')],
    ['s3:ListBucket', bucket.bucketArn],
  ] as const) {
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudfront.amazonaws.com')],
        actions: [action],
        resources: [resource],
        conditions: {
          ArnLike: { 'AWS:SourceArn': distributions },
          StringEquals: { 'AWS:SourceAccount': stack.account },
        },
      }),
    );
  }
  return s3.Bucket.fromBucketAttributes(scope, 'AssetBucket', { bucketName: bucket.bucketName, region: stack.region });
}

/** What CDK warns of is seen to here. */
export function acknowledgeAssetOrigin(distribution: cloudfront.Distribution): void {
  Annotations.of(distribution).acknowledgeWarning(
    '@aws-cdk/aws-cloudfront-origins:listBucketSecurityRisk',
    'The bucket is not the default origin, and no path that reaches it is its root',
  );
  Annotations.of(distribution).acknowledgeWarning(
    '@aws-cdk/aws-cloudfront-origins:updateImportedBucketPolicyOac',
    "The bucket's policy is written in the bucket's own stack",
  );
}
