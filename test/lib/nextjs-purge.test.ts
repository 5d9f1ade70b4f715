import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { describe, expect, it } from 'vitest';
import { NextjsBuild, NextjsCache, NextjsPurge, type NextjsPurgeProps, NextjsService, NextjsSite } from '../../lib';
import { appWithBundle, scratch } from './bundle';
import { resources, synthesize, synthesizeSite, theResource } from './synthesis';

const { template: site } = synthesizeSite();

describe('the purge of a site', () => {
  it('reads only the rows that revalidations write, from the beginning of the stream, and keeps whole what fails', () => {
    const { Properties } = theResource(site, 'AWS::Lambda::EventSourceMapping');
    expect(Properties).toMatchObject({
      EventSourceArn: { 'Fn::GetAtt': [expect.stringContaining('CacheTable'), 'StreamArn'] },
      StartingPosition: 'TRIM_HORIZON',
      MaximumBatchingWindowInSeconds: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 20,
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [expect.stringContaining('PurgeKept'), 'Arn'] } },
      },
    });
    const { Filters } = Properties.FilterCriteria as { Filters: { Pattern: string }[] };
    expect(Filters.map(({ Pattern }) => JSON.parse(Pattern) as unknown)).toEqual([
      {
        eventName: ['INSERT', 'MODIFY'],
        dynamodb: {
          Keys: { pk: { S: ['StackSiteService3C638E70#tag', { prefix: 'StackSiteService3C638E70#tag#' }] } },
        },
      },
    ]);
  });

  it('runs on ARM64 with Node.js 24, and waits longer than a task may not have heard of a revalidation', () => {
    site.hasResourceProperties('AWS::Lambda::Function', {
      Handler: 'index.handler',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Timeout: 300,
      Environment: {
        Variables: {
          NEXTJS_CACHE_SITE: 'StackSiteService3C638E70',
          NEXTJS_PURGE_DISTRIBUTION: { Ref: Match.stringLikeRegexp('Distribution') },
          NEXTJS_PURGE_BUCKET: { Ref: Match.stringLikeRegexp('PurgeKept') },
          NEXTJS_PURGE_WAIT: '4000',
          NEXTJS_PURGE_MOST_TAGS: '500',
          NEXTJS_PURGE_KEEP_AFTER: '3600',
        },
      },
    });
  });

  it('waits longer where the tasks are allowed to be behind for longer', () => {
    const environment = { NEXTJS_CACHE_WINDOW: '5000', NEXTJS_CACHE_SLACK: '10000' };
    synthesizeSite({ environment }).template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ NEXTJS_PURGE_WAIT: '16000' }) },
    });
  });

  it('may invalidate this distribution, read this stream, and use its own bucket and log: nothing else', () => {
    const policies = resources(site).filter(
      ([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.startsWith('SitePurge'),
    );
    const statements = policies.flatMap(
      ([, { Properties }]) =>
        (Properties.PolicyDocument as { Statement: { Action: unknown; Resource: unknown }[] }).Statement,
    );
    const kept = { 'Fn::GetAtt': [expect.stringContaining('PurgeKept') as string, 'Arn'] };
    expect(statements.map(({ Action, Resource }) => [Action, Resource])).toEqual([
      [['logs:CreateLogStream', 'logs:PutLogEvents'], expect.anything()],
      [['s3:DeleteObject', 's3:GetObject', 's3:PutObject'], { 'Fn::Join': ['', [kept, '/*']] }],
      ['s3:ListBucket', kept],
      [
        'cloudfront:CreateInvalidation',
        {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':cloudfront::',
              { Ref: 'AWS::AccountId' },
              ':distribution/',
              { Ref: 'SiteDistributionE681B7FC' },
            ],
          ],
        },
      ],
      [
        ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator', 'dynamodb:ListStreams'],
        { 'Fn::GetAtt': ['SiteCacheTableBFC24D59', 'StreamArn'] },
      ],
    ]);
  });

  it('hears of the end of the deployments of this service, and of no other', () => {
    site.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.ecs'],
        'detail-type': ['ECS Deployment State Change'],
        resources: [{ Ref: 'SiteServiceF00AE2D6' }],
        detail: { eventName: ['SERVICE_DEPLOYMENT_COMPLETED'] },
      },
    });
    site.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
      MaximumRetryAttempts: 2,
    });
  });

  it('keeps in a private bucket, for 90 days', () => {
    const [, bucket] =
      resources(site).find(([id, { Type }]) => id.startsWith('SitePurge') && Type === 'AWS::S3::Bucket') ?? [];
    expect(bucket?.Properties).toMatchObject({
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 90 }] },
    });
    expect(bucket?.DeletionPolicy).toBe('Delete');
  });

  it('is ten resources, and names the command that replays what was kept', () => {
    expect(resources(site).filter(([id]) => id.startsWith('SitePurge'))).toHaveLength(10);
    site.hasOutput('*', { Value: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('"replay":true')])] } });
  });

  it('can be switched off', () => {
    const { template } = synthesizeSite({ purge: false });
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 0);
    template.resourceCountIs('AWS::Events::Rule', 0);
    expect(JSON.stringify(template.toJSON())).not.toContain('CreateInvalidation');
  });
});

describe('the metrics of a purge', () => {
  it("are the function's own, by site", () => {
    synthesize((stack) => {
      const { purge } = siteIn(stack, 'Site');
      if (purge === undefined) throw new Error('no purge');
      const metrics = [
        purge.metricKept(),
        purge.metricLag(),
        purge.metricRetries(),
        purge.metricItems(),
        purge.metricTags(),
      ];
      expect(metrics.map(({ namespace, metricName, statistic }) => [namespace, metricName, statistic])).toEqual([
        ['cdk-nextjs-ecs', 'purge.kept', 'Sum'],
        ['cdk-nextjs-ecs', 'purge.lag', 'Maximum'],
        ['cdk-nextjs-ecs', 'purge.retries', 'Sum'],
        ['cdk-nextjs-ecs', 'purge.items', 'Sum'],
        ['cdk-nextjs-ecs', 'purge.tags', 'Sum'],
      ]);
      expect(metrics[0]?.dimensions).toEqual({ site: 'StackSiteService3C638E70' });
      expect(purge.metricKept({ period: Duration.minutes(1) }).period.toSeconds()).toBe(60);
    });
  });
});

describe('a purge over a distribution in another stack', () => {
  it('lives there, and no stack knows the other in both directions', () => {
    const app = new App({ outdir: scratch() });
    const edge = new Stack(app, 'Edge');
    const stack = new Stack(app, 'Site');
    const distribution = new cloudfront.Distribution(edge, 'Distribution', {
      defaultBehavior: { origin: new origins.HttpOrigin('example.com') },
    });
    const cache = new NextjsCache(stack, 'Cache');
    const service = new NextjsService(stack, 'Service', { nextBuild: bundle(), cache });
    new NextjsPurge(stack, 'Purge', { distribution, cache, service });
    const template = Template.fromStack(edge);
    for (const type of [
      'AWS::Lambda::EventSourceMapping',
      'AWS::Events::Rule',
      'AWS::Lambda::Function',
      'AWS::S3::Bucket',
    ]) {
      template.resourceCountIs(type, 1);
    }
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::EventSourceMapping', 0);
    expect(edge.dependencies).toContain(stack);
    expect(stack.dependencies).not.toContain(edge);
  });

  it('has to be in the region of the cache', () => {
    const app = new App({ outdir: scratch() });
    const edge = new Stack(app, 'Edge', { env: { region: 'us-east-1', account: '123456789012' } });
    const stack = new Stack(app, 'Site', { env: { region: 'eu-west-1', account: '123456789012' } });
    const distribution = cloudfront.Distribution.fromDistributionAttributes(edge, 'Distribution', {
      distributionId: 'EDIST',
      domainName: 'd.cloudfront.net',
    });
    const cache = new NextjsCache(stack, 'Cache');
    const service = new NextjsService(stack, 'Service', { nextBuild: bundle(), cache });
    expect(() => new NextjsPurge(stack, 'Purge', { distribution, cache, service })).toThrow(
      /its stack is in us-east-1 and the cache in eu-west-1.*in the region of the cache/,
    );
  });
});

describe('purges over one cache', () => {
  it('are two at most, because a stream has no room for more readers', () => {
    expect(() =>
      synthesize((stack) => {
        const cache = new NextjsCache(stack, 'Cache');
        for (const id of ['Shop', 'Blog', 'News']) siteIn(stack, id, cache);
      }),
    ).toThrow(
      /NextjsPurge.cache \(Stack\/News\/Purge\): .*room for 2 readers.*a cache of its own, or switch its purge off/,
    );
  });

  it('leave others without one', () => {
    const { template } = synthesize((stack) => {
      const cache = new NextjsCache(stack, 'Cache');
      for (const id of ['Shop', 'Blog']) siteIn(stack, id, cache);
      new NextjsSite(stack, 'News', { nextBuild: bundle(), cache, purge: false });
    });
    template.resourceCountIs('AWS::Lambda::EventSourceMapping', 2);
  });
});

describe('what a purge refuses', () => {
  const make = (props: Partial<NextjsPurgeProps>) => () => {
    synthesize((stack) => {
      const { cache, service, distribution } = new NextjsSite(stack, 'Site', { nextBuild: bundle(), purge: false });
      new NextjsPurge(stack, 'Purge', { cache, service, distribution: distribution.distribution, ...props });
    });
  };

  it.each<[string, Partial<NextjsPurgeProps>, RegExp]>([
    [
      'a window beyond what Lambda knows',
      { batchingWindow: Duration.seconds(301) },
      /batchingWindow.*from 0 to 300; received 301/,
    ],
    ['more tags than CloudFront takes', { maxTagsPerPurge: 3001 }, /maxTagsPerPurge.*from 1 to 3000; received 3001/],
    ['less than a tag', { maxTagsPerPurge: 0.5 }, /maxTagsPerPurge.*received 0\.5/],
    [
      'to wait until the stream has forgotten',
      { keepAfter: Duration.hours(24) },
      /keepAfter.*from 0 to 72000; received 86400/,
    ],
  ])('%s', (_, props, message) => {
    expect(make(props)).toThrow(message);
  });

  it('a table without a stream', () => {
    expect(() =>
      synthesize((stack) => {
        const table = dynamodb.Table.fromTableName(stack, 'Table', 'rows');
        siteIn(stack, 'Site', new NextjsCache(stack, 'Cache', { table }));
      }),
    ).toThrow(/NextjsPurge.cache .*no stream that is known here.*tableStreamArn/);
  });

  it('a window of the tasks that nobody knows', () => {
    expect(() => synthesizeSite({ environment: { NEXTJS_CACHE_WINDOW: 'soon' } })).toThrow(
      /NEXTJS_CACHE_WINDOW must be a whole number of milliseconds.*received "soon"/,
    );
  });
});

describe('the outputs of a site', () => {
  it('tell the command line tool how to revalidate it', () => {
    site.hasOutput('*', {
      Description: 'What `npx cdk-nextjs-ecs revalidate` needs to know',
      Value: {
        'Fn::Join': [
          '',
          ['{"table":"', { Ref: 'SiteCacheTableBFC24D59' }, '","site":"StackSiteService3C638E70","tagShards":1}'],
        ],
      },
    });
  });
});

function bundle(): NextjsBuild {
  return NextjsBuild.fromDirectory(appWithBundle());
}

function siteIn(stack: Stack, id: string, cache?: NextjsCache): NextjsSite {
  return new NextjsSite(stack, id, { nextBuild: bundle(), ...(cache && { cache }) });
}
