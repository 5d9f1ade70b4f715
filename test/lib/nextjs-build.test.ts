import { mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Bundle } from '../../contract';
import { NextjsBuild } from '../../lib';
import { appWithBundle, scratch, write } from './bundle';

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
