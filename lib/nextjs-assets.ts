import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3deploy from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import type { NextjsBuild } from './nextjs-build';

/** Properties of {@link NextjsAssets}. */
export interface NextjsAssetsProps {
  /** The app whose static files are served. */
  readonly nextBuild: NextjsBuild;
  /**
   * What becomes of the bucket when it leaves the stack. With `RemovalPolicy.DESTROY` CloudFormation deletes it only when it is empty.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * The build's hashed files (`_next/static`) in a private bucket.
 *
 * Files of earlier builds stay for ever: a browser tab, or a page in a cache, may still ask for them, and they cost cents a month.
 */
export class NextjsAssets extends Construct {
  /** Holds the files under the paths that browsers ask for. */
  public readonly bucket: s3.Bucket;
  /** Copies the files; what must not go live before them depends on it. */
  public readonly deployment: Construct;

  constructor(scope: Construct, id: string, props: NextjsAssetsProps) {
    super(scope, id);
    this.bucket = this.createBucket(props.removalPolicy ?? RemovalPolicy.RETAIN);
    this.deployment = this.deployFiles(props.nextBuild);
  }

  private createBucket(removalPolicy: RemovalPolicy): s3.Bucket {
    return new s3.Bucket(this, 'Bucket', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      lifecycleRules: [{ id: 'AbortUploads', abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy,
    });
  }

  private deployFiles(nextBuild: NextjsBuild): Construct {
    return new s3deploy.BucketDeployment(this, 'Deployment', {
      sources: [s3deploy.Source.asset(nextBuild._staticDirectory)],
      destinationBucket: this.bucket,
      cacheControl: [s3deploy.CacheControl.fromString('public, max-age=31536000, immutable')],
      prune: false,
      memoryLimit: 512,
      logGroup: new logs.LogGroup(this, 'DeploymentLogs', {
        retention: logs.RetentionDays.ONE_MONTH,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
  }
}
