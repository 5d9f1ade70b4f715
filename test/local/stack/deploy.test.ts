import { CustomResource, type Stack } from 'aws-cdk-lib';
import type { CfnDistribution } from 'aws-cdk-lib/aws-cloudfront';
import { FargateService } from 'aws-cdk-lib/aws-ecs';
import { ApplicationTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { LocalStack } from '../../../local/stack';
import { until } from '../fleet/support';
import { FAST, inlineFunction } from '../functions/support';
import { type PlainStackOptions, type PlainStackParts, synthesizePlainStack } from './plain-stack';

const PROVIDER = `
  const { RequestType, ResponseURL, StackId, RequestId, LogicalResourceId, PhysicalResourceId, ResourceProperties, OldResourceProperties } = event;
  console.log([RequestType, PhysicalResourceId, OldResourceProperties?.Build, ResourceProperties.Build].join(' '));
  const Status = ResourceProperties.Build === 'refused' ? 'FAILED' : 'SUCCESS';
  const body = JSON.stringify({ Status, Reason: 'no such build', PhysicalResourceId: 'assets-' + ResourceProperties.Build, StackId, RequestId, LogicalResourceId });
  await fetch(ResponseURL, { method: 'PUT', body, headers: { 'content-type': '' } });
`;

/** A rule on the service's deployments, a function that it calls, and a custom resource that changes with the build. */
function extensions(build: string) {
  return (stack: Stack, { service, distribution }: PlainStackParts) => {
    const told = inlineFunction(stack, 'Told', 'console.log(JSON.stringify(event));');
    new Rule(stack, 'Rule', {
      eventPattern: {
        source: ['aws.ecs'],
        detailType: ['ECS Deployment State Change'],
        resources: [service.serviceArn],
        detail: { eventName: ['SERVICE_DEPLOYMENT_COMPLETED'] },
      },
      targets: [new LambdaTarget(told)],
    });
    const provider = inlineFunction(stack, 'Provider', PROVIDER);
    new CustomResource(stack, 'Assets', { serviceToken: provider.functionArn, properties: { Build: build } });
    const config = distribution?.node.defaultChild as CfnDistribution | undefined;
    config?.addPropertyOverride('DistributionConfig.CustomErrorResponses', [{ ErrorCode: 404, ErrorCachingMinTTL: 7 }]);
  };
}

async function assemble(build: string, options: PlainStackOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const environment = { BUILD: build, ...options.environment };
  return synthesizePlainStack(directory, { extend: extensions(build), ...options, environment });
}

async function startStack() {
  const { assembly, server } = await assemble('one');
  const lines: string[] = [];
  const stack = await LocalStack.start(assembly, {
    containers: { web: server },
    pace: FAST,
    output: (from, line) => lines.push(`${from}: ${line}`),
  });
  onTestFinished(() => stack.stop());
  await stack.settled();
  // Without metadata in the template functions go by their logical ids, which CDK ends with a hash.
  const linesOf = (name: string) =>
    lines.flatMap((line) => new RegExp(`^${name}[0-9A-F]{8}: (.*)$`).exec(line)?.[1] ?? []);
  return { stack, linesOf };
}

async function build(stack: LocalStack): Promise<unknown> {
  return ((await (await fetch(`${stack.url}/who`)).json()) as { build: unknown }).build;
}

describe('a deployment onto a running stack', () => {
  it(
    'replaces the tasks under load without a failed request, and tells the rule when it is complete',
    { timeout: 240_000 },
    async () => {
      const { stack, linesOf } = await startStack();
      await until(() => linesOf('Told').length === 1);
      const { assembly } = await assemble('two');
      const progress = { isDone: false };
      const deployed = stack.deploy(assembly).finally(() => (progress.isDone = true));
      const seen: unknown[] = [];
      while (!progress.isDone) seen.push(await build(stack));
      expect(await deployed).toMatchObject({ outcome: 'completed' });
      expect(new Set(seen).size).toBeLessThanOrEqual(2);
      expect(await build(stack)).toBe('two');
      await stack.settled();
      await until(() => linesOf('Told').length === 2);
      const [first, second] = linesOf('Told').map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(second).toMatchObject({
        version: '0',
        source: 'aws.ecs',
        'detail-type': 'ECS Deployment State Change',
        account: '000000000000',
        region: 'us-east-1',
        resources: first?.resources,
        detail: {
          eventType: 'INFO',
          eventName: 'SERVICE_DEPLOYMENT_COMPLETED',
          deploymentId: expect.stringMatching(/^ecs-svc\//) as string,
          reason: expect.stringContaining('completed') as string,
        },
      });
      expect(first?.resources).toEqual([expect.stringMatching(/^arn:aws:ecs:.*:service\//)]);
    },
  );

  it('updates custom resources before the tasks, and deletes what they have replaced after them', async () => {
    const { stack, linesOf } = await startStack();
    expect(linesOf('Provider')).toEqual(['Create   one']);
    await stack.deploy((await assemble('two')).assembly);
    expect(linesOf('Provider')).toEqual(['Create   one', 'Update assets-one one two', 'Delete assets-one  one']);
    expect(stack.events.at(-1)?.detail.eventName).toBe('SERVICE_DEPLOYMENT_COMPLETED');
  });

  it('is rolled back as a whole when its tasks fail', async () => {
    const { stack, linesOf } = await startStack();
    const { assembly } = await assemble('two', { environment: { BROKEN: '1' } });
    expect(await stack.deploy(assembly)).toMatchObject({ outcome: 'rolled-back' });
    expect(await build(stack)).toBe('one');
    expect(linesOf('Provider').filter((line) => line.startsWith('Update'))).toEqual([
      'Update assets-one one two',
      'Update assets-two two one',
    ]);
    await stack.settled();
    const told = linesOf('Told').length;
    expect(told).toBe(2);
    expect(stack.events.map(({ detail }) => detail.eventName)).toEqual([
      'SERVICE_DEPLOYMENT_IN_PROGRESS',
      'SERVICE_DEPLOYMENT_COMPLETED',
      'SERVICE_DEPLOYMENT_IN_PROGRESS',
      'SERVICE_DEPLOYMENT_FAILED',
      'SERVICE_DEPLOYMENT_IN_PROGRESS',
      'SERVICE_DEPLOYMENT_COMPLETED',
    ]);
  });

  it('names what waits for the next start', async () => {
    const { stack } = await startStack();
    const extend = (cdk: Stack, parts: PlainStackParts) => {
      extensions('two')(cdk, parts);
      const { cluster, taskDefinition } = parts.service;
      new FargateService(cdk, 'Second', { cluster, taskDefinition, minHealthyPercent: 100 });
      new ApplicationTargetGroup(cdk, 'Group', { vpc: cluster.vpc, port: 80 });
    };
    const { assembly } = await assemble('two', { extend });
    expect(await stack.deploy(assembly)).toMatchObject({
      outcome: 'completed',
      notApplied: [
        expect.stringMatching(/^target group Group\w+ is new, which takes effect at the next start$/),
        expect.stringMatching(/^service Second\w+ is new, which takes effect at the next start$/),
      ],
    });
    expect(stack.replicas).toHaveLength(2);
  });

  it('touches no task when a custom resource fails', async () => {
    const { stack } = await startStack();
    const running = () => stack.replicas.map(({ id, pid, state }) => ({ id, pid, state }));
    const before = running();
    await expect(stack.deploy((await assemble('refused')).assembly)).rejects.toThrow('no such build');
    expect(running()).toEqual(before);
    expect(await stack.deploy((await assemble('two')).assembly)).toMatchObject({ outcome: 'completed' });
  });

  it('is made over the control interface, as scaling is', async () => {
    const { stack } = await startStack();
    const post = async (path: string, body: object) =>
      fetch(stack.control + path, { method: 'POST', body: JSON.stringify(body) });
    expect((await post('/scale', { replicas: 1 })).status).toBe(204);
    expect(stack.replicas).toHaveLength(1);
    const deployed = await post('/deploy', { assembly: (await assemble('two')).assembly });
    expect(await deployed.json()).toMatchObject({ outcome: 'completed' });
    expect([stack.replicas.length, await build(stack)]).toEqual([1, 'two']);
    const missing = await post('/deploy', { assembly: '/nowhere' });
    expect([missing.status, await missing.json()]).toEqual([
      400,
      { error: expect.stringContaining('no manifest.json in /nowhere') as string },
    ]);
  });
});
