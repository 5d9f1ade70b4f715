import { Stack, Stage } from 'aws-cdk-lib';
import { DockerImageAsset } from 'aws-cdk-lib/aws-ecr-assets';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findStack, readAssembly, tryFindDockerAsset } from '../../../local/assembly';
import { synthesize, synthesizeStack, temporaryApp, temporaryDirectory } from './synthesize';

describe('readAssembly', () => {
  it('reads stacks with their names, environments and templates', () => {
    const assembly = synthesizeStack(withBucket, {
      stackName: 'shop-production',
      env: { account: '123456789012', region: 'eu-central-1' },
    });
    expect(assembly.stacks).toHaveLength(1);
    expect(assembly.stacks[0]).toMatchObject({
      name: 'shop-production',
      displayName: 'Shop',
      environment: { account: '123456789012', region: 'eu-central-1', partition: 'aws', urlSuffix: 'amazonaws.com' },
    });
  });

  it('gives stacks without an environment a local one', () => {
    const [stack] = synthesizeStack(withBucket).stacks;
    expect(stack?.environment).toMatchObject({ account: '000000000000', region: 'us-east-1' });
  });

  it('reads the stacks of stages', () => {
    const app = temporaryApp();
    withBucket(new Stack(new Stage(app, 'Beta'), 'Shop'));
    withBucket(new Stack(new Stage(app, 'Production'), 'Shop'));
    const assembly = synthesize(app);
    expect(assembly.stacks.map(({ name, displayName }) => [name, displayName])).toEqual([
      ['Beta-Shop', 'Beta/Shop'],
      ['Production-Shop', 'Production/Shop'],
    ]);
    expect(findStack(assembly, 'Production/Shop')).toBe(assembly.stacks[1]);
  });

  it('reads file and image assets with the names that the template will use', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
    let image = '';
    const assembly = synthesizeStack((stack) => {
      withBucket(stack);
      new Asset(stack, 'Folder', { path: directory });
      new Asset(stack, 'File', { path: join(directory, 'Dockerfile') });
      image = new DockerImageAsset(stack, 'Image', { directory }).assetHash;
    });
    const stack = findStack(assembly);
    const folder = stack.fileAssets.find(({ packaging }) => packaging === 'zip');
    expect(folder?.bucketName).toBe('cdk-hnb659fds-assets-000000000000-us-east-1');
    expect(folder?.objectKey).toMatch(/^[0-9a-f]{64}\.zip$/);
    expect(readFileSync(join(folder?.path ?? '', 'Dockerfile'), 'utf8')).toBe('FROM scratch\n');
    expect(
      stack.fileAssets.some(({ packaging, path }) => packaging === 'file' && !path.endsWith('template.json')),
    ).toBe(true);
    const uri = `000000000000.dkr.ecr.us-east-1.amazonaws.com/cdk-hnb659fds-container-assets-000000000000-us-east-1:${image}`;
    expect(tryFindDockerAsset(stack, uri)).toMatchObject({ imageTag: image, dockerFile: 'Dockerfile' });
    expect(tryFindDockerAsset(stack, 'nginx:latest')).toBeUndefined();
  });

  it('says what to run where there is no assembly', () => {
    const directory = temporaryDirectory();
    expect(() => readAssembly(directory)).toThrow(/no manifest\.json in .*Run "npx cdk synth" first/);
  });

  it('names the file that is not JSON', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'manifest.json'), '{');
    expect(() => readAssembly(directory)).toThrow(/manifest\.json cannot be read as JSON/);
  });
});

describe('findStack', () => {
  const app = temporaryApp();
  withBucket(new Stack(app, 'One'));
  withBucket(new Stack(app, 'Two', { stackName: 'second' }));
  const assembly = synthesize(app);

  it('finds by name and by display name', () => {
    expect(findStack(assembly, 'second').displayName).toBe('Two');
    expect(findStack(assembly, 'Two').name).toBe('second');
  });

  it('names the choices when the name is missing or wrong', () => {
    expect(() => findStack(assembly)).toThrow(/several stacks: name one of One, Two/);
    expect(() => findStack(assembly, 'Three')).toThrow(/no stack named Three in .*; it holds One, Two/);
  });
});

function withBucket(stack: Stack): void {
  new Bucket(stack, 'Bucket');
}
