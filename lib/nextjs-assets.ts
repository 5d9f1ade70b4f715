import { CustomResource, Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3assets from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { NextjsBuild } from './nextjs-build';
import { acknowledgeObjects } from './private/acknowledged-rules';
import { createPrivateBucket } from './private/private-bucket';
import { createRuntimeFunction } from './private/runtime-function';

/** Properties of {@link NextjsAssets}. */
export interface NextjsAssetsProps {
  /** The app whose static files are served. */
  readonly nextBuild: NextjsBuild;
  /**
   * A bucket for the files, where there is one already. Sites may share it: the names of files tell their contents.
   *
   * @default - a new one
   */
  readonly bucket?: s3.IBucket;
  /**
   * What becomes of a new bucket when it leaves the stack. With `RemovalPolicy.DESTROY` CloudFormation deletes it only when it is empty.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * The build's hashed files (`_next/static`) in a private bucket, uploaded by a function whenever a build has new ones.
 *
 * Files of earlier builds stay for ever: a browser tab, or a page in a cache, may still ask for them, and they cost cents a month.
 */
export class NextjsAssets extends Construct {
  /** Holds the files under the paths that browsers ask for. */
  public readonly bucket: s3.IBucket;
  /** Copies files that the bucket does not have. */
  public readonly uploadFunction: lambda.Function;
  /** The upload of this build; what must not go live before it depends on it. */
  public readonly deployment: Construct;

  constructor(scope: Construct, id: string, props: NextjsAssetsProps) {
    super(scope, id);
    this.bucket = props.bucket ?? this.createBucket(props.removalPolicy ?? RemovalPolicy.RETAIN);
    this.uploadFunction = this.createUploadFunction();
    this.deployment = this.createUpload(props.nextBuild);
  }

  private createBucket(removalPolicy: RemovalPolicy): s3.Bucket {
    return createPrivateBucket(this, 'Bucket', { lifecycleRule: { id: 'AbortUploads' }, removalPolicy });
  }

  private createUploadFunction(): lambda.Function {
    return createRuntimeFunction(this, 'Upload', {
      code: 'upload',
      description: "Next.js: copies a build's hashed files to the asset bucket",
      timeout: LONGEST_UPLOAD,
      memorySize: Size.gibibytes(1).toMebibytes(),
    });
  }

  private createUpload(nextBuild: NextjsBuild): Construct {
    const archive = new s3assets.Asset(this, 'Files', { path: nextBuild._staticDirectory });
    const allowed = this.grantUpload(archive, nextBuild);
    const upload = new CustomResource(this, 'Deployment', {
      resourceType: 'Custom::NextjsAssets',
      serviceToken: this.uploadFunction.functionArn,
      // CloudFormation would wait for an hour, should the function be unable to answer.
      serviceTimeout: LONGEST_UPLOAD.plus(Duration.minutes(1)),
      properties: {
        ArchiveBucket: archive.s3BucketName,
        ArchiveKey: archive.s3ObjectKey,
        Bucket: this.bucket.bucketName,
        ChangingPaths: changingPaths(nextBuild),
      },
    });
    for (const grant of allowed) grant.applyBefore(upload);
    return upload;
  }

  /** The archive of this build and the paths below its static prefix: no other object of either bucket. */
  private grantUpload(archive: s3assets.Asset, nextBuild: NextjsBuild): iam.Grant[] {
    const grantee = this.uploadFunction;
    archive.bucket.encryptionKey?.grantDecrypt(grantee);
    const files = this.bucket.arnForObjects(`${staticPath(nextBuild)}/*`);
    acknowledgeObjects(grantee, files);
    return [
      iam.Grant.addToPrincipal({
        grantee,
        actions: ['s3:GetObject'],
        resourceArns: [archive.bucket.arnForObjects(archive.s3ObjectKey)],
      }),
      iam.Grant.addToPrincipal({ grantee, actions: ['s3:GetObject', 's3:PutObject'], resourceArns: [files] }),
      // Without it S3 answers 403 for a file that is missing.
      iam.Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [this.bucket.bucketArn] }),
    ];
  }
}

/** The most that Lambda allows; hundreds of megabytes take seconds. */
const LONGEST_UPLOAD = Duration.minutes(15);

function staticPath(nextBuild: NextjsBuild): string {
  return `${nextBuild._staticPathPrefix}/_next/static`.slice(1);
}

/** With a `deploymentId` Next.js calls every build the same, so that the manifests in the folder of that name change under their names. */
function changingPaths(nextBuild: NextjsBuild): string[] {
  return nextBuild.deploymentId === undefined ? [] : [`${staticPath(nextBuild)}/${nextBuild.buildId}/`];
}
