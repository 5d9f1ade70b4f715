import { CustomResource, Duration, type Stack } from 'aws-cdk-lib';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { inlineFunction, start } from '../functions/support';

/** Answers as the test's properties say. */
const PROVIDER = `
  const { ResponseURL, ResourceProperties: properties, ...ids } = event;
  console.log(JSON.stringify(event));
  if (properties.Throws) throw new Error('the provider is broken');
  if (properties.Silent) return;
  const { StackId, RequestId, LogicalResourceId } = ids;
  const body = { Status: 'SUCCESS', PhysicalResourceId: 'made-' + properties.Name, StackId, RequestId, LogicalResourceId,
    Data: { Name: properties.Name, Nested: { Deep: 'deep' } }, ...properties.Answer };
  await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify(body), headers: { 'content-type': '' } });
`;

function provider(stack: Stack, body = PROVIDER) {
  return inlineFunction(stack, 'Provider', body, { timeout: Duration.seconds(30) });
}

/** The events that the provider has printed. */
function eventsIn(lines: readonly string[]): Record<string, unknown>[] {
  return lines.flatMap((line) => {
    const json = /^Provider: (\{.*\})$/.exec(line)?.[1];
    return json === undefined ? [] : [JSON.parse(json) as Record<string, unknown>];
  });
}

describe('a custom resource of a function of the template', () => {
  it('is made with CloudFormation’s event before anything needs it', async () => {
    const { stack, lines } = await start((cdk) => {
      const made = new CustomResource(cdk, 'Made', {
        resourceType: 'Custom::Thing',
        serviceToken: provider(cdk).functionArn,
        properties: { Name: 'shop', Count: 3, Flags: [true], Region: cdk.region },
      });
      inlineFunction(cdk, 'Reader', 'return process.env;', {
        functionName: 'reader',
        environment: { ID: made.ref, NAME: made.getAttString('Name'), DEEP: made.getAttString('Nested.Deep') },
      });
    });
    expect(eventsIn(lines)).toEqual([
      {
        RequestType: 'Create',
        ServiceToken: expect.stringContaining(':function:') as string,
        ResponseURL: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\//) as string,
        StackId: expect.stringContaining(':stack/Shop/') as string,
        RequestId: expect.any(String) as string,
        LogicalResourceId: 'Made',
        ResourceType: 'Custom::Thing',
        ResourceProperties: {
          ServiceToken: expect.any(String) as string,
          Name: 'shop',
          Count: '3',
          Flags: ['true'],
          Region: 'us-east-1',
        },
      },
    ]);
    expect((await stack.invoke('reader', {})).payload).toMatchObject({ ID: 'made-shop', NAME: 'shop', DEEP: 'deep' });
    expect(stack.notes.join()).not.toContain('Custom::Thing');
  });

  it('is made by the process of its function that was started ahead of it', async () => {
    const { stack } = await start((cdk) => {
      new CustomResource(cdk, 'Made', { serviceToken: provider(cdk).functionArn, properties: { Name: 'shop' } });
    });
    expect(stack.state.functions.functions).toMatchObject([{ title: 'Provider', invocations: 1, instances: 1 }]);
  });

  it('comes after those that it needs, and sees what they have become', async () => {
    const { lines } = await start((cdk) => {
      const serviceToken = provider(cdk).functionArn;
      const last = new CustomResource(cdk, 'A', { serviceToken, properties: { Name: 'a' } });
      const middle = new CustomResource(cdk, 'B', { serviceToken, properties: { Name: 'b' } });
      const first = new CustomResource(cdk, 'C', { serviceToken, properties: { Name: 'c' } });
      last.node.addDependency(middle);
      new CustomResource(cdk, 'D', { serviceToken, properties: { Name: `${first.getAttString('Name')}-d` } });
      middle.node.addDependency(first);
    });
    expect(
      eventsIn(lines).map(({ LogicalResourceId, ResourceProperties }) => [
        LogicalResourceId,
        (ResourceProperties as { Name: string }).Name,
      ]),
    ).toEqual([
      ['C', 'c'],
      ['B', 'b'],
      ['A', 'a'],
      ['D', 'c-d'],
    ]);
  });

  it('reads the assets that a deployment would have uploaded', async () => {
    const { lines } = await start((cdk, directory) => {
      const [folder, file] = [join(directory, 'files'), join(directory, 'one.txt')];
      mkdirSync(join(folder, 'deep'), { recursive: true });
      writeFileSync(join(folder, 'deep/a.txt'), 'in a folder');
      writeFileSync(file, 'a file');
      const assets = [new Asset(cdk, 'Folder', { path: folder }), new Asset(cdk, 'File', { path: file })];
      const body = `
        for (const key of event.ResourceProperties.Keys) {
          const response = await fetch(process.env.AWS_ENDPOINT_URL_S3 + '/' + event.ResourceProperties.Bucket + '/' + key);
          console.log(response.status + ' ' + JSON.stringify(await response.text()));
        }
        ${PROVIDER}`;
      new Bucket(cdk, 'Bucket');
      new CustomResource(cdk, 'Upload', {
        serviceToken: provider(cdk, body).functionArn,
        properties: { Bucket: assets[0]?.s3BucketName, Keys: assets.map(({ s3ObjectKey }) => s3ObjectKey) },
      });
    });
    const [archive = '', file] = lines.filter((line) => line.startsWith('Provider: 200'));
    expect(archive).toContain('PK');
    expect(archive).toContain('deep/a.txtin a folder');
    expect(file).toBe('Provider: 200 "a file"');
  });

  it.each([
    [{ Name: 'x', Answer: { Status: 'FAILED', Reason: 'no permission' } }, 'custom resource Made: no permission'],
    [{ Name: 'x', Answer: { Status: 'DONE' } }, 'Status must be SUCCESS or FAILED; received "DONE"'],
    [{ Name: 'x', Answer: { RequestId: 'other' } }, 'RequestId must be the request’s'],
    [{ Name: 'x', Answer: { PhysicalResourceId: '' } }, 'PhysicalResourceId must be a text'],
    [{ Name: 'x', Throws: true }, 'has ended without a response: the provider is broken'],
    [{ Name: 'x', Silent: true, ServiceTimeout: 1 }, 'no response within its ServiceTimeout of 1 s'],
  ])('that something needs fails the start as %j', async (properties, message) => {
    const started = start((cdk) => {
      const made = new CustomResource(cdk, 'Made', { serviceToken: provider(cdk).functionArn, properties });
      inlineFunction(cdk, 'Reader', '', { environment: { ID: made.ref } });
    });
    await expect(started).rejects.toThrow(message.replace('’', "'"));
  });

  it('that nothing needs is named when it fails, and everything else runs', async () => {
    const { stack } = await start((cdk) => {
      const serviceToken = provider(cdk).functionArn;
      new CustomResource(cdk, 'Alarm', { serviceToken, properties: { Name: 'x', Throws: true } });
      const made = new CustomResource(cdk, 'Made', { serviceToken, properties: { Name: 'shop' } });
      inlineFunction(cdk, 'Reader', 'return process.env;', {
        functionName: 'reader',
        environment: { NAME: made.getAttString('Name') },
      });
    });
    expect(stack.notes).toContainEqual(
      expect.stringMatching(/^custom resource Alarm: its function has ended .* broken \(nothing that runs needs it\)$/),
    );
    expect((await stack.invoke('reader', {})).payload).toMatchObject({ NAME: 'shop' });
  });

  it('fails where something wants an attribute that it does not have', async () => {
    const started = start((cdk) => {
      const made = new CustomResource(cdk, 'Made', {
        serviceToken: provider(cdk).functionArn,
        properties: { Name: 'x' },
      });
      inlineFunction(cdk, 'Reader', '', { environment: { WRONG: made.getAttString('Wrong') } });
    });
    await expect(started).rejects.toThrow(/the response of Made has no attribute Wrong; it has: Name, Nested/);
  });
});
