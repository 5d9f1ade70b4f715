import { type Stack, Validations } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { NextjsBuild, NextjsEgress, NextjsIngress, NextjsSite, type NextjsSiteProps } from '../../lib';
import { appWithBundle } from './bundle';
import { synthesize } from './synthesis';

/** Rules that the constructs acknowledge in some site, each with its reason in lib/private/acknowledged-rules.ts. */
const ACKNOWLEDGED = [
  'AwsSolutions-CFR1',
  'AwsSolutions-CFR2',
  'AwsSolutions-CFR4',
  'AwsSolutions-ECS2',
  'AwsSolutions-ELB2',
  'AwsSolutions-IAM5',
  'AwsSolutions-SMG4',
];

/** Props of sites that differ in what they are made of. */
const SHAPES: Record<string, (stack: Stack) => Partial<NextjsSiteProps>> = {
  'by default': () => ({}),
  'with all that costs more': () => ({ defaultWebAcl: true, maxCapacity: 4, dashboard: true, alarms: true }),
  'behind an internet-facing balancer': (stack) => ({ ingress: internetFacing(stack) }),
  'with a NAT gateway': () => ({ egress: NextjsEgress.NAT }),
  'with endpoints': () => ({ egress: NextjsEgress.ENDPOINTS }),
};

function internetFacing(stack: Stack): NextjsIngress {
  const arn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';
  const certificate = acm.Certificate.fromCertificateArn(stack, 'Certificate', arn);
  return NextjsIngress.internetFacing({ domainName: 'origin.example.com', certificate });
}

function nag(
  propsOf: (stack: Stack) => Partial<NextjsSiteProps>,
  change: (site: NextjsSite) => void = () => undefined,
) {
  const scopes: IConstruct[] = [];
  const { findings } = synthesize(
    (stack) => {
      scopes.push(stack);
      change(
        new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(appWithBundle()), ...propsOf(stack) }),
      );
    },
    { plugins: (app) => [new AwsSolutionsChecks(app)] },
  );
  return {
    findings: findings.filter((finding) => finding.includes('AwsSolutions')),
    acknowledged: scopes.flatMap(acknowledgements),
  };
}

function acknowledgements(scope: IConstruct): { id: string; reason: string }[] {
  return scope.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.entries(data as Record<string, string>))
    .map(([id, reason]) => ({ id: id.replace(/^\w+::/, ''), reason }))
    .filter(({ id }) => id.startsWith('AwsSolutions-'));
}

describe('cdk-nag AwsSolutions', () => {
  const sites = Object.entries(SHAPES).map(([shape, propsOf]) => ({ shape, ...nag(propsOf) }));

  it.each(sites)('finds nothing in a site $shape that the constructs have not acknowledged', ({ findings }) => {
    expect(findings).toEqual([]);
  });

  it('is told of seven rules at most in all sites together, each with a reason', () => {
    const acknowledged = sites.flatMap((site) => site.acknowledged);
    expect([...new Set(acknowledged.map(({ id }) => id.replace(/\[.*/, '')))].sort()).toEqual(ACKNOWLEDGED);
    for (const { reason } of acknowledged) expect(reason.length).toBeGreaterThan(30);
  });

  it('sees a permission that is wider than those acknowledged', () => {
    const { findings } = nag(
      () => ({}),
      ({ cache, service }) => {
        cache.bucket.grantReadWrite(service.taskDefinition.taskRole);
      },
    );
    expect(findings.join('\n')).toContain('AwsSolutions-IAM5');
  });
});
