import { Duration } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

/** How a bucket of ours differs from the others. */
export interface PrivateBucketProps extends Pick<s3.BucketProps, 'objectOwnership' | 'removalPolicy'> {
  /** What becomes of its objects; uploads that are not finished within a day are always aborted. */
  readonly lifecycleRule: s3.LifecycleRule;
}

/** Encrypted, read and written only by those who are granted it, and only over TLS 1.2. */
export function createPrivateBucket(
  scope: Construct,
  id: string,
  { lifecycleRule, ...props }: PrivateBucketProps,
): s3.Bucket {
  return new s3.Bucket(scope, id, {
    encryption: s3.BucketEncryption.S3_MANAGED,
    blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    lifecycleRules: [{ ...lifecycleRule, abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    ...props,
  });
}
