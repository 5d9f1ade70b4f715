import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { describe, expect, it } from 'vitest';
import { Bundle, type BundleFacts } from '../../contract';
import { NextjsBuild, type NextjsImageOptions, NextjsSite } from '../../lib';
import { appWithBundle, scratch, write } from './bundle';
import { assetPaths, resources, synthesize, theResource } from './synthesis';

describe('NextjsBuild.fromDirectory', () => {
  it("reads the bundle in an app's folder", () => {
    const app = appWithBundle({ basePath: '/shop', deploymentId: 'd1' });
    const build = NextjsBuild.fromDirectory(app);
    expect(build).toMatchObject({
      directory: join(app, Bundle.DIRECTORY),
      nextVersion: '16.4.6',
      buildId: 'build',
      fingerprint: '0123456789abcdef',
      basePath: '/shop',
      assetPrefix: '',
      deploymentId: 'd1',
      imagePath: '/_next/image',
    });
  });

  it("reads a bundle's own folder, wherever it was carried", () => {
    const app = appWithBundle();
    const elsewhere = join(scratch(), 'artifact');
    renameSync(join(app, Bundle.DIRECTORY), elsewhere);
    expect(NextjsBuild.fromDirectory(elsewhere).directory).toBe(elsewhere);
  });

  it('says so when there is no such folder', () => {
    expect(() => NextjsBuild.fromDirectory('no/such/app')).toThrow(/there is no folder "no\/such\/app"/);
  });

  it('says what to run when the app was not packed', () => {
    const app = scratch();
    expect(() => NextjsBuild.fromDirectory(app)).toThrow(`Run: npx cdk-nextjs-ecs build ${app}`);
  });

  it('refuses a bundle that is older than the build beside it, and says what to run', () => {
    const app = appWithBundle();
    write(join(app, '.next', 'BUILD_ID'), 'newer');
    expect(() => NextjsBuild.fromDirectory(app)).toThrow(
      new RegExp(`BUILD_ID is newer .* npx cdk-nextjs-ecs build ${app} --skip-build`),
    );
  });

  it('accepts a bundle of the build beside it', () => {
    const builtAt = Date.UTC(2026, 0, 2);
    const app = appWithBundle({ builtAt, server: { directory: '.', distDirectory: 'out', command: [] } });
    const buildId = join(app, 'out', 'BUILD_ID');
    write(buildId, 'build');
    utimesSync(buildId, builtAt / 1000, builtAt / 1000);
    expect(() => NextjsBuild.fromDirectory(app)).not.toThrow();
  });

  it('refuses a bundle of another format', () => {
    const app = appWithBundle({ formatVersion: 99 });
    expect(() => NextjsBuild.fromDirectory(app)).toThrow(
      /has format 99, this version of cdk-nextjs-ecs reads format 1/,
    );
  });

  it('names the fact that is missing', () => {
    const app = scratch();
    mkdirSync(join(app, Bundle.DIRECTORY));
    writeFileSync(join(app, Bundle.DIRECTORY, Bundle.FACTS_FILE), JSON.stringify({ formatVersion: 1 }));
    expect(() => NextjsBuild.fromDirectory(app)).toThrow(/nextVersion must be of type string; received nothing/);
  });

  it('keeps the cause when the facts are not JSON', () => {
    const app = scratch();
    write(join(app, Bundle.DIRECTORY, Bundle.FACTS_FILE), '{');
    expect(() => NextjsBuild.fromDirectory(app)).toThrow(
      expect.objectContaining({ cause: expect.any(SyntaxError) as SyntaxError }) as Error,
    );
  });
});

describe('NextjsBuild.fromImage', () => {
  const REPOSITORY = '111122223333.dkr.ecr.us-east-1.amazonaws.com/shop:42';
  const image = ecs.ContainerImage.fromRegistry(REPOSITORY);

  /** What a pipeline carries besides the image: the bundle without `server`. */
  const carried = (facts: Partial<BundleFacts> = {}) => join(appWithBundle(facts), Bundle.DIRECTORY);

  const siteOf = (options: NextjsImageOptions) =>
    synthesize((stack) => {
      const repository = ecr.Repository.fromRepositoryName(stack, 'Repository', 'shop');
      const nextBuild = NextjsBuild.fromImage(ecs.ContainerImage.fromEcrRepository(repository, '42'), options);
      new NextjsSite(stack, 'Site', { nextBuild });
    });

  it('knows the build by its facts', () => {
    const bundle = carried({ basePath: '/shop' });
    const build = NextjsBuild.fromImage(image, { facts: join(bundle, 'facts.json') });
    expect(build).toMatchObject({ basePath: '/shop', fingerprint: '0123456789abcdef', hasStaticFiles: false });
    expect(build.directory).toBeUndefined();
    expect(NextjsBuild.fromImage(image, { facts: bundle }).buildId).toBe('build');
  });

  it('runs the image as it is, and builds none', () => {
    const bundle = carried();
    const { template, assembly, findings } = siteOf({ facts: bundle, staticFiles: join(bundle, 'static') });
    expect(assetPaths(assembly, 'dockerImages')).toEqual([]);
    expect(findings).toEqual([]);
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          Image: { 'Fn::Join': ['', Match.arrayWith([Match.stringLikeRegexp('/shop:42$')])] },
          WorkingDirectory: '/app',
          Command: Match.arrayWith(['--import', './.cdk-nextjs-ecs/preload.mjs', '-p', '3000']),
        }),
      ],
    });
  });

  it('finds the server in a folder of its own', () => {
    const server = { directory: 'apps/web', distDirectory: '.next', command: ['server.js'] };
    const { template } = siteOf({ facts: carried({ server }), root: '/srv' });
    template.hasResourceProperties('AWS::ECS::TaskDefinition', {
      ContainerDefinitions: [
        Match.objectLike({
          WorkingDirectory: '/srv/apps/web',
          MountPoints: Match.arrayWith([
            { SourceVolume: 'NextCache', ContainerPath: '/srv/apps/web/.next/cache', ReadOnly: false },
          ]),
        }),
      ],
    });
  });

  it('lets the tasks serve their own files where no others are given, and warns of it', () => {
    const { template, findings } = siteOf({ facts: carried() });
    expect(findings).not.toEqual([]);
    for (const finding of findings) expect(finding).toMatch(/_next\/static.*earlier builds.*Give `staticFiles`/);
    const { CacheBehaviors } = theResource(template, 'AWS::CloudFront::Distribution').Properties.DistributionConfig as {
      CacheBehaviors: { PathPattern: string }[];
    };
    expect(CacheBehaviors.map(({ PathPattern }) => PathPattern)).not.toContainEqual(
      expect.stringContaining('_next/static'),
    );
    expect(resources(template).map(([id]) => id)).not.toContainEqual(expect.stringMatching(/^SiteAssets/));
  });

  it('refuses facts that are not there, and a folder without the files of the build', () => {
    const bundle = carried({ basePath: '/shop' });
    expect(() => NextjsBuild.fromImage(image, { facts: 'no/facts.json' })).toThrow(
      /NextjsBuild\.fromImage\.facts: there is no file "no\/facts\.json"/,
    );
    expect(() => NextjsBuild.fromImage(image, { facts: bundle, staticFiles: bundle })).toThrow(
      /NextjsBuild\.fromImage\.staticFiles: .*holds no files of the build \(there is no folder .*\/shop\/_next\/static\)/,
    );
  });
});
