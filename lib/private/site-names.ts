import { Stack, Token } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import type { NextjsDistributionOptions } from '../nextjs-distribution-options';
import { ConfigurationError } from './errors';

/** CloudFront reads viewers' certificates there only. */
const CERTIFICATE_REGION = 'us-east-1';

/** The certificate of the site's own names; none for the name that CloudFront gives. */
export function siteCertificate(scope: Construct, options: NextjsDistributionOptions): acm.ICertificate | undefined {
  const [domainName, ...subjectAlternativeNames] = options.domainNames ?? [];
  const part = 'NextjsDistribution.certificate';
  if (options.certificate) return requireRegion(scope, part, options.certificate);
  if (domainName === undefined) return undefined;
  if (!options.hostedZone) {
    throw new ConfigurationError({
      part,
      scope,
      problem: `the names ${options.domainNames?.join(', ') ?? ''} need a certificate, and neither it nor a hosted zone is given`,
      remedy: `Give a certificate of ACM in ${CERTIFICATE_REGION}, or the hosted zone of the names in a stack in ${CERTIFICATE_REGION}`,
    });
  }
  const region = Stack.of(scope).region;
  if (!Token.isUnresolved(region) && region !== CERTIFICATE_REGION) {
    throw new ConfigurationError({
      part,
      scope,
      problem: `CloudFront takes certificates of ${CERTIFICATE_REGION} only, and this stack is in ${region}`,
      remedy: `Make the certificate in a stack in ${CERTIFICATE_REGION} (with crossRegionReferences: true), and give it here`,
    });
  }
  const validation = acm.CertificateValidation.fromDns(options.hostedZone);
  return new acm.Certificate(scope, 'Certificate', { domainName, subjectAlternativeNames, validation });
}

/** What is not known at synth, CloudFormation will say. */
function requireRegion(scope: Construct, part: string, certificate: acm.ICertificate): acm.ICertificate {
  const { certificateArn, env } = certificate;
  // An imported certificate says its region in its ARN only.
  const region = Token.isUnresolved(certificateArn) ? env.region : (certificateArn.split(':')[3] ?? env.region);
  if (Token.isUnresolved(region) || region === CERTIFICATE_REGION) return certificate;
  throw new ConfigurationError({
    part,
    scope,
    problem: `CloudFront takes certificates of ${CERTIFICATE_REGION} only; received ${certificate.node.path} of ${region}`,
    remedy: `Make it in a stack in ${CERTIFICATE_REGION} (with crossRegionReferences: true on both stacks), or import one of there`,
  });
}

/** Points the names to the distribution, for IPv4 and IPv6. */
export function addAliasRecords(
  scope: Construct,
  distribution: cloudfront.IDistribution,
  zone: route53.IHostedZone,
  names: readonly string[],
): void {
  const target = route53.RecordTarget.fromAlias(new targets.CloudFrontTarget(distribution));
  for (const recordName of names) {
    new route53.ARecord(scope, `${recordName}-A`, { zone, recordName, target });
    new route53.AaaaRecord(scope, `${recordName}-AAAA`, { zone, recordName, target });
  }
}
