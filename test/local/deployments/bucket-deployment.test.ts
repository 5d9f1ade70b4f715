import { Stack } from 'aws-cdk-lib';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, Source, type BucketDeploymentProps } from 'aws-cdk-lib/aws-s3-deployment';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findStack, resolveStack, type ResolvedStack } from '../../../local/assembly';
import { runBucketDeployments } from '../../../local/deployments';
import { S3Server } from '../../../local/stores';
import { synthesizeStack, temporaryDirectory } from '../assembly/synthesize';

let s3: S3Server;

beforeEach(async () => {
  s3 = await S3Server.start();
});

afterEach(async () => {
  await s3.close();
});

describe('bucket deployments', () => {
  it('upload a folder with content types and system metadata', async () => {
    const { stack, bucket } = resolved({
      sources: [Source.asset(folder({ 'a/app.js': '1', 'style.css': '2', 'icon.woff2': '3', LICENSE: '4' }))],
      destinationKeyPrefix: '/_next/static/',
      cacheControl: [CacheControl.immutable()],
      metadata: { Build: 'one' },
    });
    const [result] = await runBucketDeployments(stack, s3);
    expect(result).toMatchObject({ bucketName: bucket, bytes: 4 });
    expect(s3.keys(bucket)).toEqual([
      '_next/static/LICENSE',
      '_next/static/a/app.js',
      '_next/static/icon.woff2',
      '_next/static/style.css',
    ]);
    expect(headers(bucket, '_next/static/a/app.js')).toEqual({
      'content-type': 'text/javascript',
      'cache-control': 'immutable',
      'x-amz-meta-build': 'one',
    });
    expect(headers(bucket, '_next/static/icon.woff2')['content-type']).toBe('font/woff2');
    expect(headers(bucket, '_next/static/LICENSE')['content-type']).toBe('binary/octet-stream');
  });

  it('upload an archive, stored and deflated entries', async () => {
    const archive = join(temporaryDirectory(), 'site.zip');
    writeFileSync(archive, zip({ 'index.html': '<p>stored</p>', 'deep/file.txt': 'deflated '.repeat(50) }));
    const { stack, bucket } = resolved({ sources: [Source.asset(archive)] });
    await runBucketDeployments(stack, s3);
    expect(content(bucket, 'index.html')).toBe('<p>stored</p>');
    expect(content(bucket, 'deep/file.txt')).toBe('deflated '.repeat(50));
  });

  it('replace what was a token at synthesis', async () => {
    const assembly = synthesizeStack((stack) => {
      const destinationBucket = new Bucket(stack, 'Bucket', { bucketName: 'configured' });
      const configuration = { bucket: destinationBucket.bucketName, region: stack.region };
      new BucketDeployment(stack, 'Deployment', {
        sources: [Source.jsonData('config.json', configuration), Source.data('note.txt', `in ${stack.region} – ok`)],
        destinationBucket,
      });
    });
    const stack = resolveStack(findStack(assembly));
    const bucket = makeBuckets(stack);
    await runBucketDeployments(stack, s3);
    expect(JSON.parse(content(bucket, 'config.json') ?? '')).toEqual({ bucket, region: 'us-east-1' });
    expect(content(bucket, 'note.txt')).toBe('in us-east-1 – ok');
  });

  it('prune what is no longer there, unless they are told not to', async () => {
    for (const prune of [true, false]) {
      const { stack, bucket } = resolved({
        sources: [Source.data('new.txt', 'n')],
        destinationKeyPrefix: 'site',
        prune,
      });
      for (const key of ['site/old.txt', 'elsewhere.txt']) s3.putObject(bucket, key, { body: Buffer.from('o') });
      await runBucketDeployments(stack, s3);
      expect(s3.keys(bucket)).toEqual(['elsewhere.txt', 'site/new.txt', ...(prune ? [] : ['site/old.txt'])]);
    }
  });

  it('leave out what is excluded and not included again, when pruning too', async () => {
    const { stack, bucket } = resolved({
      sources: [Source.asset(folder({ 'a.map': '', 'deep/b.map': '', 'keep.map': '', 'c.js': '' }))],
      exclude: ['*.map'],
      include: ['keep.ma?'],
    });
    s3.putObject(bucket, 'old.map', { body: Buffer.from('o') });
    await runBucketDeployments(stack, s3);
    expect(s3.keys(bucket)).toEqual(['c.js', 'keep.map', 'old.map']);
  });

  it('say what of a distribution they invalidate', async () => {
    const assembly = synthesizeStack((stack) => {
      const destinationBucket = new Bucket(stack, 'Bucket');
      const distribution = new Distribution(stack, 'Distribution', {
        defaultBehavior: { origin: S3BucketOrigin.withOriginAccessControl(destinationBucket) },
      });
      new BucketDeployment(stack, 'Deployment', {
        sources: [Source.data('a', 'b')],
        destinationBucket,
        distribution,
        distributionPaths: ['/a'],
      });
    });
    const stack = resolveStack(findStack(assembly));
    makeBuckets(stack);
    const [result] = await runBucketDeployments(stack, s3);
    const [distribution] = stack.ofType('AWS::CloudFront::Distribution');
    expect(result?.invalidation).toEqual({ distributionId: distribution?.physicalId, paths: ['/a'] });
  });

  it('take a source from a local bucket, and name one that is nowhere', async () => {
    const assembly = synthesizeStack((stack) => {
      const source = Bucket.fromBucketName(stack, 'Source', 'artifacts');
      new BucketDeployment(stack, 'Deployment', {
        sources: [Source.bucket(source, 'build.zip')],
        destinationBucket: new Bucket(stack, 'Bucket'),
      });
    });
    const stack = resolveStack(findStack(assembly));
    const bucket = makeBuckets(stack);
    await expect(runBucketDeployments(stack, s3)).rejects.toThrow(
      /s3:\/\/artifacts\/build\.zip is neither an asset .* nor in a local bucket/,
    );
    s3.createBucket('artifacts');
    s3.putObject('artifacts', 'build.zip', { body: zip({ x: 'y' }) });
    await runBucketDeployments(stack, s3);
    expect(content(bucket, 'x')).toBe('y');
  });

  it('upload a file as it is when it shall not be extracted', async () => {
    const archive = join(temporaryDirectory(), 'site.zip');
    writeFileSync(archive, zip({ a: 'b' }));
    const { stack, bucket } = resolved({ sources: [Source.asset(archive)], extract: false });
    await runBucketDeployments(stack, s3);
    expect(s3.keys(bucket)).toHaveLength(1);
    expect(s3.keys(bucket)[0]).toMatch(/^[0-9a-f]{64}\.zip$/);
  });
});

function resolved(props: Omit<BucketDeploymentProps, 'destinationBucket'>) {
  const assembly = synthesizeStack((stack: Stack) => {
    new BucketDeployment(stack, 'Deployment', { destinationBucket: new Bucket(stack, 'Bucket'), ...props });
  });
  const stack = resolveStack(findStack(assembly));
  return { stack, bucket: makeBuckets(stack) };
}

function makeBuckets(stack: ResolvedStack): string {
  const names = stack.ofType('AWS::S3::Bucket').map(({ physicalId }) => physicalId);
  for (const name of names) {
    if (s3.bucketNames().includes(name)) for (const key of [...s3.keys(name)]) s3.deleteObject(name, key);
    s3.createBucket(name);
  }
  return names[0] ?? '';
}

function headers(bucket: string, key: string): Record<string, string> {
  return s3.tryGetObject(bucket, key)?.headers ?? {};
}

function content(bucket: string, key: string): string | undefined {
  return s3.tryGetObject(bucket, key)?.body.toString();
}

function folder(files: Record<string, string>): string {
  const directory = temporaryDirectory();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

/** A zip archive; long files are deflated. */
function zip(files: Record<string, string>): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const method = text.length > 100 ? 8 : 0;
    const data = method === 8 ? deflateRawSync(text) : Buffer.from(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50);
    local.writeUInt16LE(path.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt16LE(path.length, 28);
    entry.writeUInt32LE(offset, 42);
    locals.push(local, Buffer.from(path), data);
    entries.push(entry, Buffer.from(path));
    offset += 30 + path.length + data.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...entries, end]);
}
