import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { NextjsBuild, NextjsSite } from 'cdk-nextjs-ecs';
import type { Construct } from 'constructs';

/**
 * A site whose browsers ask another name for scripts, styles and fonts: the build's `assetPrefix` is `https://assets.example.com`. That name
 * is a second one of the same distribution, which answers those files with CORS.
 */
class AssetHostStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const hostedZone = HostedZone.fromHostedZoneAttributes(this, 'Zone', {
      hostedZoneId: 'Z0000000000EXAMPLE',
      zoneName: 'example.com',
    });
    new NextjsSite(this, 'Site', {
      nextBuild: NextjsBuild.fromDirectory('../web'),
      domainNames: ['www.example.com', 'assets.example.com'],
      // Makes the certificate and the records, because this stack is in us-east-1.
      hostedZone,
    });
  }
}

const app = new App();
new AssetHostStack(app, 'AssetHost', { env: { account: '111122223333', region: 'us-east-1' } });
