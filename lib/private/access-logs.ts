import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { createPrivateBucket } from './private-bucket';

const KEPT_FOR = Duration.days(90);

/** A bucket for the access logs of a distribution, which writes with ACLs, and of other buckets. */
export function createLogBucket(scope: Construct, id: string): s3.Bucket {
  return createPrivateBucket(scope, id, {
    objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
    lifecycleRule: { id: 'Expire', expiration: KEPT_FOR },
    removalPolicy: RemovalPolicy.RETAIN,
  });
}

/** Has S3 log who reads and writes these buckets, as far as they are of this stack and nobody has decided on it. */
export function logAccess(buckets: readonly s3.IBucket[], logBucket: s3.IBucket): void {
  const stack = Stack.of(logBucket);
  const logged = buckets.flatMap((bucket) => {
    const resource = bucket.node.defaultChild;
    const isOurs = resource instanceof s3.CfnBucket && Stack.of(bucket) === stack;
    return isOurs && resource.loggingConfiguration === undefined ? [resource] : [];
  });
  if (logged.length === 0) return;
  const { statementAdded } = logBucket.addToResourcePolicy(
    new iam.PolicyStatement({
      principals: [new iam.ServicePrincipal('logging.s3.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [logBucket.arnForObjects('s3/*')],
      conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
    }),
  );
  if (!statementAdded) return;
  for (const bucket of logged) {
    bucket.loggingConfiguration = { destinationBucketName: logBucket.bucketName, logFilePrefix: 's3/' };
  }
}
