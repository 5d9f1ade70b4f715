import { Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { NextjsBuild, NextjsSite, type NextjsSiteProps } from '../../lib';
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
  'AwsSolutions-VPC7',
];

function nag(props: Partial<NextjsSiteProps> = {}) {
  const scopes: IConstruct[] = [];
  const { findings } = synthesize(
    (stack) => {
      scopes.push(stack);
      new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(appWithBundle()), ...props });
    },
    { plugins: (app) => [new AwsSolutionsChecks(app)] },
  );
  return { findings, acknowledged: scopes.flatMap((scope) => acknowledgements(scope)) };
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
  const byDefault = nag();

  it('finds nothing in a site that the constructs have not acknowledged', () => {
    expect(byDefault.findings).toEqual([]);
  });

  it('finds nothing in a site with all that costs more', () => {
    expect(nag({ defaultWebAcl: true, maxCapacity: 4 }).findings).toEqual([]);
  });

  it('is told of seven rules at most, each with a reason', () => {
    const rules = [...new Set(byDefault.acknowledged.map(({ id }) => id.replace(/\[.*/, '')))].sort();
    expect(rules).toEqual(ACKNOWLEDGED);
    for (const { reason } of byDefault.acknowledged) expect(reason.length).toBeGreaterThan(30);
  });

  it('sees a permission that is wider than those acknowledged', () => {
    const { findings } = synthesize(
      (stack: Stack) => {
        const nextBuild = NextjsBuild.fromDirectory(appWithBundle());
        const { cache, service } = new NextjsSite(stack, 'Site', { nextBuild });
        cache.bucket.grantReadWrite(service.taskDefinition.taskRole);
      },
      { plugins: (app) => [new AwsSolutionsChecks(app)] },
    );
    expect(findings.join('\n')).toContain('AwsSolutions-IAM5');
  });
});
