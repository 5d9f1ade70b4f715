import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { strToU8, Zip, ZipDeflate, zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallLog, type Interceptor, S3Server } from '../../../local/stores';
import { handler } from '../../../runtime/assets-upload';

const ARCHIVES = 'cdk-assets';
const SITE = 'site-assets';

const BUILD = {
  '_next/static/chunks/main-1a2b.js': 'console.log(1)',
  '_next/static/chunks/style-3c4d.css': 'body{}',
  '_next/static/media/letter-5e6f.woff2': 'font',
  '_next/static/build-one/_buildManifest.js': 'self.__BUILD_MANIFEST={}',
};

let s3: S3Server;
let calls: CallLog;
let interceptor: Interceptor;
let cloudFormation: Server;
let answers: { body: Record<string, unknown>; contentType?: string }[];
/** Statuses that CloudFormation's answer address gives before it accepts. */
let refusals: number[];

beforeEach(async () => {
  calls = new CallLog();
  interceptor = () => undefined;
  s3 = await S3Server.start({ calls, interceptor: (call, signal) => interceptor(call, signal) });
  for (const bucket of [ARCHIVES, SITE]) s3.createBucket(bucket);
  vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  answers = [];
  refusals = [];
  cloudFormation = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const status = refusals.shift() ?? 200;
      if (status === 200) {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
        answers.push({ body, contentType: request.headers['content-type'] });
      }
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => cloudFormation.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await s3.close();
  cloudFormation.closeAllConnections();
  await new Promise((resolve) => cloudFormation.close(resolve));
});

/** As CloudFormation sends it: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-requesttypes.html */
function event(RequestType: 'Create' | 'Update' | 'Delete', properties: Record<string, unknown> = {}) {
  const { port } = cloudFormation.address() as AddressInfo;
  return {
    RequestType,
    ServiceToken: 'arn:aws:lambda:us-east-1:111122223333:function:Upload',
    ResponseURL: `http://127.0.0.1:${port}/arn%3Aaws%3Acloudformation?Signature=x`,
    StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/Web/0001',
    RequestId: 'request-1',
    ResourceType: 'Custom::NextjsAssets',
    LogicalResourceId: 'SiteAssetsUpload',
    ...(RequestType !== 'Create' && { PhysicalResourceId: 'as-it-was-called' }),
    ResourceProperties: {
      ServiceToken: 'arn:aws:lambda:us-east-1:111122223333:function:Upload',
      ArchiveBucket: ARCHIVES,
      ArchiveKey: 'one.zip',
      Bucket: SITE,
      ...properties,
    },
  };
}

function run(request: ReturnType<typeof event>, milliseconds = 60_000) {
  return handler(request, { getRemainingTimeInMillis: () => milliseconds });
}

function stage(key: string, files: Record<string, string>): void {
  const entries = Object.entries(files).map(([path, text]) => [path, strToU8(text)] as const);
  s3.putObject(ARCHIVES, key, { body: Buffer.from(zipSync(Object.fromEntries(entries))) });
}

const content = (key: string) => s3.tryGetObject(SITE, key)?.body.toString();
const headers = (key: string) => s3.tryGetObject(SITE, key)?.headers;

describe('the upload of hashed files', () => {
  it('puts all files where browsers ask for them, with types, to be kept for ever', async () => {
    stage('one.zip', BUILD);
    await run(event('Create'));
    expect(s3.keys(SITE)).toEqual(Object.keys(BUILD).sort());
    expect(content('_next/static/chunks/main-1a2b.js')).toBe('console.log(1)');
    const cacheControl = { 'cache-control': 'public, max-age=31536000, immutable' };
    expect(headers('_next/static/chunks/main-1a2b.js')).toMatchObject({
      ...cacheControl,
      'content-type': 'text/javascript; charset=utf-8',
    });
    expect(headers('_next/static/chunks/style-3c4d.css')).toMatchObject({ 'content-type': 'text/css; charset=utf-8' });
    expect(headers('_next/static/media/letter-5e6f.woff2')).toMatchObject({ 'content-type': 'font/woff2' });
  });

  it('tells CloudFormation what it did, without a content type, which its address is not signed for', async () => {
    stage('one.zip', BUILD);
    await run(event('Create'));
    expect(answers).toEqual([
      {
        contentType: '',
        body: {
          Status: 'SUCCESS',
          PhysicalResourceId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/Web/0001/SiteAssetsUpload',
          StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/Web/0001',
          RequestId: 'request-1',
          LogicalResourceId: 'SiteAssetsUpload',
          Data: { Uploaded: 4, Unchanged: 0 },
        },
      },
    ]);
  });

  it('uploads of a new build only what is new, and keeps the old and its own name', async () => {
    stage('one.zip', BUILD);
    await run(event('Create'));
    stage('two.zip', {
      '_next/static/chunks/main-7a8b.js': 'console.log(2)',
      '_next/static/chunks/style-3c4d.css': 'body{}',
    });
    calls.reset();
    await run(event('Update', { ArchiveKey: 'two.zip' }));
    expect(calls.snapshot()).toMatchObject({ s3: { PutObject: 1 } });
    expect(s3.keys(SITE)).toHaveLength(5);
    expect(answers[1]?.body).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: 'as-it-was-called',
      Data: { Uploaded: 1, Unchanged: 1 },
    });
  });

  it('writes a file anew whose content changed under its name, and lets no cache keep it', async () => {
    const ChangingPaths = ['_next/static/build-one/'];
    stage('one.zip', BUILD);
    await run(event('Create', { ChangingPaths }));
    stage('two.zip', { ...BUILD, '_next/static/build-one/_buildManifest.js': 'self.__BUILD_MANIFEST={two:2}' });
    await run(event('Update', { ArchiveKey: 'two.zip', ChangingPaths }));
    const key = '_next/static/build-one/_buildManifest.js';
    expect(content(key)).toBe('self.__BUILD_MANIFEST={two:2}');
    expect(headers(key)).toMatchObject({ 'cache-control': 'public, max-age=0, must-revalidate' });
  });

  it('deletes nothing with the resource', async () => {
    stage('one.zip', BUILD);
    await run(event('Create'));
    calls.reset();
    await run(event('Delete'));
    expect(s3.keys(SITE)).toHaveLength(4);
    expect(calls.snapshot().s3 ?? {}).toEqual({});
    expect(answers[1]?.body).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'as-it-was-called' });
  });

  it('reads an archive as CDK writes it, with sizes behind the files, of many files and of large ones', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`_next/static/chunks/${index}.js`, `console.log(${index})`.repeat(9)]),
    );
    const large = 'x'.repeat(3_000_000);
    s3.putObject(ARCHIVES, 'one.zip', { body: streamedZip({ ...files, '_next/static/media/film.mp4': large }) });
    await run(event('Create'));
    expect(answers[0]?.body).toMatchObject({ Status: 'SUCCESS', Data: { Uploaded: 301 } });
    expect(content('_next/static/chunks/234.js')).toBe('console.log(234)'.repeat(9));
    expect(content('_next/static/media/film.mp4')).toBe(large);
  });
});

describe('the archive', () => {
  it('is read in one call where it is small', async () => {
    stage('one.zip', BUILD);
    await run(event('Create'));
    expect(calls.snapshot().s3).toMatchObject({ GetObject: 1, PutObject: Object.keys(BUILD).length });
  });

  it('is read file by file where it is large', async () => {
    const film = randomBytes(9 * 1024 * 1024);
    const archive = zipSync({ 'film.mp4': film, 'text.js': strToU8('1') }, { level: 0 });
    s3.putObject(ARCHIVES, 'one.zip', { body: Buffer.from(archive) });
    await run(event('Create'));
    expect(s3.tryGetObject(SITE, 'film.mp4')?.body.equals(film)).toBe(true);
    // Its directory, and a file each.
    expect(calls.snapshot().s3).toMatchObject({ GetObject: 3 });
  });
});

describe('an upload that fails', () => {
  const failure = async (request: ReturnType<typeof event>, milliseconds?: number) => {
    await run(request, milliseconds);
    expect(answers).toHaveLength(1);
    expect(answers[0]?.body.Status).toBe('FAILED');
    return answers[0]?.body.Reason;
  };

  it('says that the archive is missing', async () => {
    expect(await failure(event('Create'))).toMatch(/^cdk-nextjs-ecs assets: .*NotFound/);
  });

  it('says which property is wrong', async () => {
    expect(await failure(event('Create', { Bucket: '' }))).toContain('the property Bucket must be a text; received ""');
  });

  it('says that the archive is none', async () => {
    s3.putObject(ARCHIVES, 'one.zip', { body: Buffer.from('not a zip archive at all, but long enough for one') });
    expect(await failure(event('Create'))).toContain('the asset is not a zip archive');
  });

  it('says which file is damaged, and uploads nothing of it', async () => {
    const files = { 'a.js': strToU8('a'), 'b.js': strToU8('b'.repeat(100)) };
    const body = Buffer.from(zipSync(files, { level: 0 }));
    body.fill('!', body.indexOf('bbbbbbbb'), body.indexOf('bbbbbbbb') + 4);
    s3.putObject(ARCHIVES, 'one.zip', { body });
    expect(await failure(event('Create'))).toContain('b.js: what the asset holds of it is damaged');
    expect(s3.keys(SITE)).not.toContain('b.js');
  });

  it('refuses files outside of the archive', async () => {
    stage('one.zip', { '../elsewhere.js': 'x' });
    expect(await failure(event('Create'))).toContain('a file outside of itself: ../elsewhere.js');
  });

  it('answers before the time of the function is over', async () => {
    stage('one.zip', BUILD);
    interceptor = ({ operation }, signal) =>
      operation === 'PutObject'
        ? new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              resolve(undefined);
            });
          })
        : undefined;
    expect(await failure(event('Create'), 15_500)).toContain('deploy again to go on');
  });

  it('waits for a permission that S3 has not heard of yet', async () => {
    stage('one.zip', BUILD);
    let refused = 0;
    interceptor = ({ resource }) =>
      resource === ARCHIVES && ++refused === 1
        ? { kind: 'error', statusCode: 403, code: 'AccessDenied', message: 'Access Denied' }
        : undefined;
    await run(event('Create'));
    expect(answers[0]?.body).toMatchObject({ Status: 'SUCCESS', Data: { Uploaded: 4 } });
  });

  it('tells CloudFormation again when its address fails', async () => {
    stage('one.zip', BUILD);
    refusals = [503, 500];
    await run(event('Create'));
    expect(answers).toHaveLength(1);
  });
});

/** An archive whose headers do not know sizes, as a writer to a pipe makes it. */
function streamedZip(files: Record<string, string>): Buffer {
  const chunks: Uint8Array[] = [];
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    chunks.push(chunk);
  });
  for (const [path, text] of Object.entries(files)) {
    const file = new ZipDeflate(path);
    zip.add(file);
    file.push(strToU8(text), true);
  }
  zip.end();
  return Buffer.concat(chunks);
}
