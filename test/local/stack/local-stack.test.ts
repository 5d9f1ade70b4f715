import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Stack } from 'aws-cdk-lib';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { freePort } from '../../../local/fleet/free-port';
import { LocalStack, type LocalStackOptions } from '../../../local/stack';
import { type PlainStackOptions, type PlainStackParts, synthesizePlainStack } from './plain-stack';

const directories: string[] = [];

async function synthesize(options?: PlainStackOptions) {
  const directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  directories.push(directory);
  return synthesizePlainStack(directory, options);
}

let plain: Awaited<ReturnType<typeof synthesize>>;

beforeAll(async () => {
  plain = await synthesize();
});

afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

async function start(options: LocalStackOptions = {}, { assembly, server } = plain): Promise<LocalStack> {
  const stack = await LocalStack.start(assembly, { containers: { web: server }, ...options });
  onTestFinished(() => stack.stop());
  return stack;
}

/** Listens at once as the first task, and as the second one when a file says so. */
const SLOW_SECOND_TASK = `
  import { existsSync } from 'node:fs';
  import { createServer } from 'node:http';
  import { setTimeout } from 'node:timers/promises';
  const { AWS_ACCESS_KEY_ID, GO, PORT } = process.env;
  while (AWS_ACCESS_KEY_ID === 'replica-2' && !existsSync(GO)) await setTimeout(10);
  createServer((_, response) => response.end('ok')).listen(PORT, '127.0.0.1');
`;

function statusOf(url: string): Promise<number | undefined> {
  return fetch(url).then(
    ({ status }) => status,
    () => undefined,
  );
}

async function json(url: string, init?: RequestInit): Promise<Record<string, unknown>> {
  const response = await fetch(url, init);
  return (await response.json()) as Record<string, unknown>;
}

describe('a stack of plain CDK constructs', () => {
  it('runs as many tasks as its service desires, behind its balancer and its distribution', async () => {
    const stack = await start();
    expect(stack.replicas.map(({ id, state }) => `${id} ${state}`)).toEqual(['replica-1 healthy', 'replica-2 healthy']);
    const seen = new Set<unknown>();
    while (seen.size < 2) seen.add((await json(`${stack.url}/who`)).replica);
    expect(seen).toEqual(new Set(['replica-1', 'replica-2']));
  });

  it('is cached at the edge as its policies say', async () => {
    const stack = await start({ replicas: 1 });
    const results = [];
    for (let request = 0; request < 2; request++)
      results.push((await fetch(`${stack.url}/cached`)).headers.get('x-cache'));
    expect(results).toEqual(['Miss from cloudfront', 'Hit from cloudfront']);
    expect((await fetch(`${stack.url}/who`)).headers.get('x-cache')).toBe('Miss from cloudfront');
    expect((await fetch(`${stack.url}/who`)).headers.get('x-cache')).toBe('Miss from cloudfront');
  });

  it('lets the app see the host that the viewer asked for', async () => {
    const stack = await start({ replicas: 1 });
    expect(await json(`${stack.url}/host`)).toEqual({ host: new URL(stack.url).host });
  });

  it('serves what its deployment uploads to its bucket', async () => {
    const stack = await start({ replicas: 1 });
    const response = await fetch(`${stack.url}/style.css`);
    expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
      200,
      'text/css',
      'body {}',
    ]);
  });

  it('passes a stream on while it comes', async () => {
    const stack = await start({ replicas: 1 });
    const { body } = await fetch(`${stack.url}/stream`);
    if (body === null) throw new Error('no body');
    const chunks = body.pipeThrough(new TextDecoderStream()).getReader();
    expect((await chunks.read()).value).toBe('first ');
    await fetch(`${stack.url}/finish`);
    expect((await chunks.read()).value).toBe('last');
  });

  it('gives the tasks the names of its resources, and the user’s own variables', async () => {
    const stack = await start({ replicas: 1, environment: { GREETING: 'hello' } });
    expect(await json(`${stack.url}/who`)).toMatchObject({
      bucket: Object.keys(stack.state.stores.s3.buckets)[0],
      table: stack.state.stores.dynamodb.tables[0],
      greeting: 'hello',
    });
  });

  it('counts what the tasks ask of AWS', async () => {
    const stack = await start({ replicas: 1 });
    await fetch(`${stack.url}/list`);
    expect(stack.calls()).toEqual({ s3: { ListObjectsV2: 1 } });
    await fetch(`${stack.control}/calls`, { method: 'DELETE' });
    expect(await json(`${stack.control}/calls`)).toEqual({});
  });

  it('answers its state on the control port', async () => {
    const stack = await start({ replicas: 1 });
    await fetch(stack.url);
    expect(await json(`${stack.control}/state`)).toMatchObject({
      url: stack.url,
      stack: 'Plain',
      edge: { url: stack.url, requests: { Miss: 1 } },
      replicas: [{ id: 'replica-1', state: 'healthy', restarts: 0 }],
    });
  });

  it('names what it does not run', async () => {
    const stack = await start({ replicas: 1 });
    expect(stack.notes).toContain('not run: AWS::SNS::Topic');
  });

  it('serves viewers from when one of its tasks is healthy', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
    directories.push(directory);
    await writeFile(join(directory, 'server.mjs'), SLOW_SECOND_TASK);
    const [port, go] = [await freePort(), join(directory, 'go')];
    let isStarted = false;
    const starting = start({ port, containers: { web: directory }, environment: { GO: go } });
    void starting.then(() => (isStarted = true));
    await expect.poll(() => statusOf(`http://localhost:${port}/`), { timeout: 20_000 }).toBe(200);
    expect(isStarted).toBe(false);
    await writeFile(go, '');
    expect((await starting).replicas.map(({ state }) => state)).toEqual(['healthy', 'healthy']);
  });

  it('replaces a replica that was killed', async () => {
    const stack = await start({ replicas: 1 });
    stack.kill('replica-1');
    while (stack.replicas[0]?.restarts !== 1 || stack.replicas[0].state !== 'healthy') await fetch(stack.control);
    expect(await json(`${stack.url}/who`)).toMatchObject({ replica: 'replica-1' });
  });

  it('leaves nothing that answers when it is stopped', async () => {
    const stack = await start();
    const urls = [stack.url, stack.control, ...stack.replicas.map(({ url = '' }) => url)];
    await stack.stop();
    for (const url of urls) await expect(fetch(url)).rejects.toThrow();
  });

  it('stops what it has started when a replica cannot start', async () => {
    await expect(start({ replicas: 1, environment: { BROKEN: '1' } })).rejects.toThrow(/no catalogue/);
  });

  it('shares nothing with nine others that run beside it', async () => {
    const stacks = await Promise.all(Array.from({ length: 10 }, () => start({ replicas: 1 })));
    expect(new Set(stacks.flatMap(({ url, control }) => [url, control])).size).toBe(20);
    const [first, ...others] = stacks;
    await fetch(`${first?.url ?? ''}/list`);
    expect(first?.calls()).toEqual({ s3: { ListObjectsV2: 1 } });
    expect(others.map((stack) => stack.calls())).toEqual(others.map(() => ({})));
  });

  it('refuses a container that it does not have', async () => {
    await expect(start({ containers: { wrong: plain.server } })).rejects.toThrow(
      '--container names "wrong", but no task definition has such a container; there are: web.',
    );
  });
});

describe('a stack of several distributions', () => {
  const images = (scope: Stack, { bucket }: PlainStackParts): void => {
    new Distribution(scope, 'Images', {
      defaultBehavior: { origin: S3BucketOrigin.withOriginAccessControl(bucket) },
    });
  };

  it('runs each, with a cache of its own', async () => {
    const stack = await start({ replicas: 1 }, await synthesize({ extend: images }));
    const [site, other] = stack.state.edges;
    expect([site?.url, site?.name, other?.name]).toEqual([
      stack.url,
      expect.stringMatching(/^Distribution/),
      expect.stringMatching(/^Images/),
    ]);
    expect(stack.notes).toContain(`distribution ${other?.name ?? ''} is at ${other?.url ?? ''}`);
    const results = [];
    for (const url of [site?.url, other?.url, other?.url]) {
      results.push((await fetch(`${url ?? ''}/style.css`)).headers.get('x-cache'));
    }
    expect(results).toEqual(['Miss from cloudfront', 'Miss from cloudfront', 'Hit from cloudfront']);
    expect(stack.metrics.edge).toMatchObject({ requests: { Hit: 1, Miss: 2 }, cached: { objects: 2 } });
    expect(stack.requests().map(({ url, result }) => `${url} ${result ?? ''}`)).toEqual([
      '/style.css Hit',
      '/style.css Miss',
      '/style.css Miss',
    ]);
  });

  it('runs those that a deployment adds, and ends those that it takes away', async () => {
    const { assembly, server } = await synthesize();
    const more = await synthesize({ extend: images });
    const stack = await start({ replicas: 1 }, { assembly, server });
    await stack.deploy(more.assembly);
    const [, added] = stack.state.edges;
    expect((await fetch(`${added?.url ?? ''}/style.css`)).status).toBe(200);
    await stack.deploy(assembly);
    expect(stack.state.edges).toHaveLength(1);
    await expect(fetch(`${added?.url ?? ''}/style.css`)).rejects.toThrow();
  });
});

describe('a stack without a distribution', () => {
  it('is reached at its load balancer', async () => {
    const stack = await start({ replicas: 1 }, await synthesize({ distribution: false }));
    expect(await json(`${stack.url}/who`)).toMatchObject({ replica: 'replica-1' });
  });
});

describe('an assembly of several stacks', () => {
  it('asks for a choice where two have a distribution', async () => {
    const { assembly, server } = await synthesize({ twice: true });
    await expect(start({}, { assembly, server })).rejects.toThrow(
      /more than one of them has a distribution\. Choose one with --stack: Plain, Twin\./,
    );
    const stack = await start({ stack: 'Twin', replicas: 1 }, { assembly, server });
    expect(stack.name).toBe('Twin');
  });

  it('names its stacks when asked for another', async () => {
    await expect(start({ stack: 'Nothing' })).rejects.toThrow(/no stack named Nothing in .*; it holds Plain\./);
  });
});
