import type { ResolvedStack } from '../assembly';
import type { S3Server } from '../stores';
import { deployToBucket, type DeploymentResult } from './bucket-deployment';

/** The custom resource behind CDK's `BucketDeployment`. */
const BUCKET_DEPLOYMENT = 'Custom::CDKBucketDeployment';

/**
 * Performs every asset deployment of a stack, one after another in the template's order. The destination buckets have to exist.
 */
export async function runBucketDeployments(stack: ResolvedStack, s3: S3Server): Promise<DeploymentResult[]> {
  const results: DeploymentResult[] = [];
  for (const resource of stack.ofType(BUCKET_DEPLOYMENT)) {
    results.push(await deployToBucket(resource, stack.artifact.fileAssets, s3));
  }
  return results;
}
