import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Certificate, CertificateValidation, type ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone, type IHostedZone } from 'aws-cdk-lib/aws-route53';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { NextjsBuild, NextjsSite, NextjsWebAcl } from 'cdk-nextjs-ecs';
import type { Construct } from 'constructs';

const DOMAIN_NAMES = ['www.example.com', 'example.com'];

function hostedZoneOf(scope: Construct): IHostedZone {
  return HostedZone.fromHostedZoneAttributes(scope, 'Zone', {
    hostedZoneId: 'Z0000000000EXAMPLE',
    zoneName: 'example.com',
  });
}

/** What CloudFront reads in us-east-1 only: the certificate of the site's names, and its firewall. */
class GlobalStack extends Stack {
  public readonly certificate: ICertificate;
  public readonly webAclArn: string;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    const [domainName = '', ...subjectAlternativeNames] = DOMAIN_NAMES;
    this.certificate = new Certificate(this, 'Certificate', {
      domainName,
      subjectAlternativeNames,
      validation: CertificateValidation.fromDns(hostedZoneOf(this)),
    });
    this.webAclArn = new NextjsWebAcl(this, 'WebAcl', { requestsPerFiveMinutes: 3000 }).webAclArn;
  }
}

interface SiteStackProps extends StackProps {
  readonly global: GlobalStack;
}

/** The site in Frankfurt, under its own names, watched. */
class SiteStack extends Stack {
  constructor(scope: Construct, id: string, { global, ...props }: SiteStackProps) {
    super(scope, id, props);
    const alarmTopic = new Topic(this, 'Alarms', { enforceSSL: true });
    alarmTopic.addSubscription(new EmailSubscription('operations@example.com'));
    new NextjsSite(this, 'Site', {
      nextBuild: NextjsBuild.fromDirectory('../web'),
      domainNames: DOMAIN_NAMES,
      hostedZone: hostedZoneOf(this),
      certificate: global.certificate,
      webAclId: global.webAclArn,
      dashboard: true,
      alarmTopic,
    });
  }
}

const app = new App();
const account = '111122223333';
const global = new GlobalStack(app, 'CustomDomainGlobal', {
  env: { account, region: 'us-east-1' },
  crossRegionReferences: true,
});
new SiteStack(app, 'CustomDomain', {
  env: { account, region: 'eu-central-1' },
  crossRegionReferences: true,
  global,
});
