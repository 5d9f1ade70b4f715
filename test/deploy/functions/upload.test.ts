import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { proven } from '../support/proof';
import { Account } from './account';
import { CloudFormation, type CustomResourceAnswer, type RequestType } from './cloudformation';
import type { LambdaProcess } from './lambda-process';
import { tryInstallRuntime } from './lambda-runtime';
import { CHUNKS, synthesizeBuild, UPLOAD } from './site';

const BY = 'Node.js 24 with AWS’ Runtime Interface Client; S3 that obeys the role in the template';

const runtime = await tryInstallRuntime('the custom resource of hashed files');

describe.runIf(runtime)('the custom resource of hashed files, in Lambda’s runtime', () => {
  let cloudFormation: CloudFormation;
  let account: Account;
  let upload: LambdaProcess;
  const builds: string[] = [];

  beforeAll(() => {
    builds.push(synthesizeBuild({ 'one.js': 'one', 'both.css': 'both' }));
    builds.push(synthesizeBuild({ 'two.js': 'two', 'both.css': 'both' }));
  });

  beforeEach(async () => {
    if (runtime === undefined) return;
    cloudFormation = await CloudFormation.start();
    account = await Account.start(runtime, builds[0] ?? '');
    upload = await account.run(UPLOAD);
  });

  afterEach(() => Promise.all([account.close(), cloudFormation.close()]));

  const ask = async (type: RequestType, id?: string, remaining?: number): Promise<CustomResourceAnswer> => {
    const event = cloudFormation.event(type, account.stack, { id });
    const { kind, body } = await upload.invoke(event, remaining);
    expect([kind, body]).toEqual(['response', null]);
    const { RequestId, StackId, LogicalResourceId } = event;
    const answer = cloudFormation.answers.at(-1);
    expect(answer).toMatchObject({ RequestId, StackId, LogicalResourceId });
    if (answer === undefined) throw new Error('test/deploy: CloudFormation has heard nothing');
    return answer;
  };
  const files = () => account.s3.keys(String(account.stack.customResources[0]?.properties.Bucket));

  it('is made, updated, rolled back and deleted under one physical id, and loses no file', async () => {
    const made = await ask('Create');
    expect(made).toMatchObject({ Status: 'SUCCESS', Data: { Uploaded: 3, Unchanged: 0 } });
    expect(files()).toEqual([`${CHUNKS}/both.css`, `${CHUNKS}/main.js`, `${CHUNKS}/one.js`]);
    const id = made.PhysicalResourceId;

    await account.deploy(builds[1] ?? '');
    expect(await ask('Update', id)).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: id,
      Data: { Uploaded: 1, Unchanged: 2 },
    });
    await account.deploy(builds[0] ?? '');
    expect(await ask('Update', id)).toMatchObject({
      Status: 'SUCCESS',
      PhysicalResourceId: id,
      Data: { Uploaded: 0, Unchanged: 3 },
    });
    expect(await ask('Delete', id)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: id });
    expect(files()).toContain(`${CHUNKS}/two.js`);
    expect(files()).toHaveLength(4);
    expect(account.refused).toEqual([]);
    proven('create, update, roll-back and delete of the asset upload; a physical id that never changes', BY);
  });

  it('has the physical id of its place in the stack, whatever was uploaded', async () => {
    const ids = new Set<string>();
    for (const build of builds) {
      await account.deploy(build);
      ids.add((await ask('Create')).PhysicalResourceId);
    }
    expect(ids.size).toBe(1);
  });

  it('answers a failure with a reason, and lets CloudFormation delete what was never made', async () => {
    const archive = account.stack.customResources[0]?.properties ?? {};
    const junk = { body: Buffer.from('no archive of anything, but as long as one') };
    account.s3.putObject(String(archive.ArchiveBucket), String(archive.ArchiveKey), junk);
    const failed = await ask('Create');
    expect(failed.Status).toBe('FAILED');
    expect(failed.Reason).toContain('the asset is not a zip archive');
    expect(await ask('Delete', failed.PhysicalResourceId)).toMatchObject({ Status: 'SUCCESS' });
    // What CloudFormation calls a resource whose function has never answered.
    const own = 'Stack-SiteAssetsDeployment-1ABCDEFGHIJKL';
    expect(await ask('Delete', own)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: own });
    proven('a failed upload is told with its reason, and is deleted without one', BY);
  });

  it('answers before its time is over, when S3 hangs', async () => {
    account.fault = ({ operation }, signal) =>
      operation === 'PutObject'
        ? new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              resolve(undefined);
            });
          })
        : undefined;
    const late = await ask('Create', undefined, 17_000);
    expect(late.Status).toBe('FAILED');
    expect(late.Reason).toContain('not done within the time of a Lambda function');
    proven('an upload that runs out of time fails in time for CloudFormation to hear of it', BY);
  });

  it('is an error of the function where CloudFormation cannot be told, and does nothing twice when Lambda tries again', async () => {
    cloudFormation.refusals = [500, 500, 500, 500, 500];
    const event = cloudFormation.event('Create', account.stack);
    const { kind, body } = await upload.invoke(event);
    expect(kind).toBe('error');
    expect(body).toMatchObject({ errorType: 'Error', errorMessage: expect.stringContaining('gave 500') as string });
    expect(await upload.invoke(event)).toMatchObject({ kind: 'response' });
    expect(cloudFormation.answers).toMatchObject([{ Status: 'SUCCESS', Data: { Uploaded: 0, Unchanged: 3 } }]);
  });

  it('may do what it does, and nothing else', async () => {
    await ask('Create');
    expect(account.refused).toEqual([]);
    const forLambda = account.policy(UPLOAD).unneeded;
    expect(forLambda.map(({ action }) => action)).toEqual(['logs:CreateLogStream', 'logs:PutLogEvents']);

    const event = cloudFormation.event('Create', account.stack);
    const foreign = { ...(event.ResourceProperties as object), ArchiveKey: 'another-stacks-template.json' };
    await upload.invoke({ ...event, ResourceProperties: foreign }, 17_000);
    expect(account.refused[0]).toMatchObject({ action: 's3:GetObject', by: account.definition(UPLOAD).logicalId });
    expect(cloudFormation.answers.at(-1)?.Status).toBe('FAILED');
    proven(
      'least privilege of the upload: every grant is needed, and no call lacks one',
      'an evaluation of the role’s policy at each call',
    );
  });

  it('stays far below its memory with a large build', async () => {
    const film = Buffer.alloc(8 * 1024 * 1024, 'x');
    const films = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`film-${index}.mp4`, film]));
    await account.deploy(synthesizeBuild(films));
    expect(await ask('Create')).toMatchObject({ Status: 'SUCCESS', Data: { Uploaded: 11 } });
    expect(upload.peakMemory).toBeLessThan(account.definition(UPLOAD).memorySize / 2);
  });
});
