import { App, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { type CfnDistribution, Distribution, ViewerProtocolPolicy } from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { BlockPublicAccess, Bucket } from 'aws-cdk-lib/aws-s3';
import { NextjsBuild, NextjsSite } from 'cdk-nextjs-ecs';
import type { Construct } from 'constructs';

/** What a company has already: a distribution over a bucket of marketing pages, which reads cache tags from a header of its own. */
class MarketingStack extends Stack {
  public readonly distribution: Distribution;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const pages = new Bucket(this, 'Pages', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.distribution = new Distribution(this, 'Distribution', {
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(pages),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      },
    });
    const resource = this.distribution.node.defaultChild as CfnDistribution;
    resource.addPropertyOverride('DistributionConfig.CacheTagConfig.HeaderName', 'Edge-Cache-Tag');
  }
}

interface ShopStackProps extends StackProps {
  readonly distribution: Distribution;
}

/** The shop, at `/shop` of the same distribution (the build's `basePath`), in a stack of its own. */
class ShopStack extends Stack {
  constructor(scope: Construct, id: string, { distribution, ...props }: ShopStackProps) {
    super(scope, id, props);
    new NextjsSite(this, 'Site', { nextBuild: NextjsBuild.fromDirectory('../web'), distribution });
  }
}

const app = new App();
const { distribution } = new MarketingStack(app, 'ExistingDistributionMarketing');
new ShopStack(app, 'ExistingDistributionShop', { distribution });
