import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { describe, expect, it } from 'vitest';
import { NextjsAssets, NextjsBuild } from '../../lib';
import { appWithBundle } from './bundle';
import { assetPaths, resources, synthesize, theResource } from './synthesis';

function assets(facts: Parameters<typeof appWithBundle>[0] = {}) {
  return synthesize((stack) => {
    new NextjsAssets(stack, 'Assets', { nextBuild: NextjsBuild.fromDirectory(appWithBundle(facts)) });
  });
}

describe('the upload of hashed files', () => {
  const { assembly, template } = assets({ basePath: '/shop' });

  it('is done by a function of the package, which is staged with it', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
    });
    expect(assetPaths(assembly, 'files').some((path) => existsSync(join(path, 'index.mjs')))).toBe(true);
    template.resourceCountIs('Custom::CDKBucketDeployment', 0);
  });

  it('gives up before CloudFormation does, and later than the function', () => {
    const { Properties } = theResource(template, 'Custom::NextjsAssets');
    const { Timeout } = theResource(template, 'AWS::Lambda::Function').Properties;
    expect(Number(Properties.ServiceTimeout)).toBeGreaterThan(Number(Timeout));
    expect(Number(Properties.ServiceTimeout)).toBeLessThan(3600);
  });

  it('may read its one archive and write below the paths of hashed files, nothing else', () => {
    const { ArchiveKey } = theResource(template, 'Custom::NextjsAssets').Properties;
    const { Statement } = theResource(template, 'AWS::IAM::Policy').Properties.PolicyDocument as {
      Statement: { Action: string | string[]; Resource: unknown }[];
    };
    expect(Statement.map(({ Action }) => Action)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
      's3:GetObject',
      ['s3:GetObject', 's3:PutObject'],
      's3:ListBucket',
    ]);
    expect(JSON.stringify(Statement[1]?.Resource)).toContain(`/${String(ArchiveKey)}"`);
    expect(JSON.stringify(Statement[2]?.Resource)).toContain('/shop/_next/static/*"');
  });

  it('has its permissions before it begins', () => {
    const policy = resources(template).find(([, { Type }]) => Type === 'AWS::IAM::Policy')?.[0];
    expect(theResource(template, 'Custom::NextjsAssets').DependsOn).toContain(policy);
  });

  it('keeps the files when the stack goes', () => {
    template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });
});

it('lets caches keep no manifest whose name is the same in every build', () => {
  const changing = (facts: Parameters<typeof appWithBundle>[0]) =>
    theResource(assets(facts).template, 'Custom::NextjsAssets').Properties.ChangingPaths;
  expect(changing({})).toEqual([]);
  expect(changing({ deploymentId: 'd1', buildId: 'constant' })).toEqual(['_next/static/constant/']);
});

it('uses a bucket that exists', () => {
  const { template } = synthesize((stack) => {
    const bucket = new Bucket(stack, 'Given');
    new NextjsAssets(stack, 'Assets', { nextBuild: NextjsBuild.fromDirectory(appWithBundle()), bucket });
  });
  template.resourceCountIs('AWS::S3::Bucket', 1);
  template.hasResourceProperties('Custom::NextjsAssets', { Bucket: { Ref: Match.stringLikeRegexp('^Given') } });
});
