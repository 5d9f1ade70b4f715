import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { beforeAll, describe, expect, it } from 'vitest';

import { run } from '../../../local/cli';
import { findRunningStacks, LocalStack } from '../../../local/stack';
import { prepareAssets } from '../../fixtures/prepare';
import { captureOutput } from '../cli/capture-output';
import { synthesizePlainStack } from './plain-stack';

let stack: LocalStack;

beforeAll(async () => {
  await prepareAssets();
  const directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  const { assembly, server } = await synthesizePlainStack(directory, {
    name: 'Observed',
    extend: (scope) => {
      const table = new Table(scope, 'Tags', {
        partitionKey: { name: 'pk', type: AttributeType.STRING },
        sortKey: { name: 'sk', type: AttributeType.STRING },
        removalPolicy: RemovalPolicy.DESTROY,
      });
      const value = scope.toJsonString({ table: table.tableName, site: 'shop', tagShards: 1 });
      new CfnOutput(scope, 'Revalidation', { value });
    },
  });
  stack = await LocalStack.start(assembly, { containers: { web: server }, replicas: 1 });
  return async () => {
    await stack.stop();
    await rm(directory, { recursive: true, force: true });
  };
});

describe('a stack that is watched', () => {
  it('explains a request: a miss first, then a hit', async () => {
    const miss = await stack.explain('/cached');
    expect(miss).toMatchObject({ url: '/cached', status: 200, result: 'Miss', task: 'replica-1', isComplete: true });
    expect(miss.way.map(({ where }) => where)).toContain('balancer');
    const hit = await stack.explain('/cached');
    expect(hit).toMatchObject({
      result: 'Hit',
      reason: expect.stringMatching(/^fresh for .* \(s-maxage=60\)$/) as string,
    });
    expect(hit.way.every(({ where }) => where === 'edge')).toBe(true);
  });

  it('keeps a log of its requests', async () => {
    const told: string[] = [];
    const stop = stack.onRequest((id) => told.push(id));
    const { headers } = await fetch(`${stack.url}/style.css`);
    const id = headers.get('x-amz-cf-id') ?? '';
    await expect.poll(() => told).toContain(id);
    stop();
    expect(stack.requests(1)).toMatchObject([{ id, url: '/style.css', result: 'Miss' }]);
    expect(stack.tryFindRequest(id)?.way.map(({ text }) => text)).toContain('behaviour *.css');
  });

  it('revalidates tags and paths, and knows them from then on', async () => {
    expect(await stack.revalidate({ tags: ['products'], paths: ['/news'] })).toEqual(['products', '_N_T_/news']);
    await stack.revalidate({ tags: ['products'], stale: true });
    const tags = Object.fromEntries(stack.tags.map((state) => [state.tag, state]));
    expect(tags.products).toMatchObject({ site: 'shop', version: 2 });
    expect(tags.products?.staleAt).toBeGreaterThanOrEqual(tags.products?.expiredAt ?? Infinity);
    expect(tags['_N_T_/news']).toMatchObject({ version: 1 });
    expect(stack.metrics.tags).toBe(2);
  });

  it.each([
    [{}, 'there is nothing to revalidate'],
    [{ paths: ['news'] }, "a path begins with '/'"],
    [{ tags: ['a'], site: 'other' }, 'stack Observed has no site "other"; it has shop.'],
  ])('refuses to revalidate %j', async (order, message) => {
    await expect(stack.revalidate(order)).rejects.toThrow(message);
  });

  it('counts what happens', async () => {
    await stack.explain('/cached');
    const { traffic, edge, calls, purges } = stack.metrics;
    expect(traffic.at(-1)?.requests).toBeGreaterThan(0);
    expect(edge?.requests.Hit).toBeGreaterThan(0);
    expect(calls).toMatchObject({ dynamodb: {} });
    expect(purges).toEqual({ invalidations: 0, inProgress: 0, objects: 0 });
  });

  it('is found by other processes of this user', () => {
    const { url, control } = stack;
    expect(findRunningStacks()).toContainEqual({ stack: 'Observed', url, control });
  });
});

describe('cdk-nextjs-ecs local --explain', () => {
  it("prints a request's way through the stack that runs", async () => {
    const { code, stdout } = await captureOutput(() => run(['local', '--explain', '/who', '--stack', 'Observed']));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^GET \/who {2}200 {2}/);
    expect(stdout).toMatch(/^ {2}edge {6,}behaviour \* \(the default\)$/m);
    expect(stdout).toMatch(/^ {2}balancer {2,}listener 80, default rule, target group \S+ → replica-1$/m);
    expect(stdout).not.toContain('\u001b');
  });

  it('prints a line of JSON for each path with --json', async () => {
    const args = ['local', '--explain', '/cached', '--explain', '/who', '--json', '--control', stack.control];
    const { stdout } = await captureOutput(() => run(args));
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { url: string; way: unknown[] });
    expect(lines.map(({ url }) => url)).toEqual(['/cached', '/who']);
    expect(lines.every(({ way }) => way.length > 0)).toBe(true);
  });

  it.each([
    [['--explain', 'who'], /Must be a path of the site, beginning with \//],
    [['--explain', '/', '--control', 'there'], /Must be an address such as http:/],
    [['--explain', '/', '--control', 'http://127.0.0.1:1'], /no local stack answers at http:\/\/127\.0\.0\.1:1\./],
    [['--control', 'http://127.0.0.1:1'], /--control names the running stack that --explain asks/],
    [['--explain', '/', '--watch'], /--explain and --watch exclude each other/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await captureOutput(() => run(['local', ...args]));
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
