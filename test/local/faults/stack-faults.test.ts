import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { LocalStack } from '../../../local/stack';
import { until } from '../fleet/support';
import { synthesizePlainStack } from '../stack/plain-stack';

let directory: string;
let plain: Awaited<ReturnType<typeof synthesizePlainStack>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  plain = await synthesizePlainStack(directory);
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function start(replicas = 1): Promise<LocalStack> {
  const stack = await LocalStack.start(plain.assembly, { containers: { web: plain.server }, replicas });
  onTestFinished(() => stack.stop());
  return stack;
}

async function order(stack: LocalStack, path: string, body: object): Promise<unknown> {
  const response = await fetch(stack.control + path, { method: 'POST', body: JSON.stringify(body) });
  return response.status === 204 ? 204 : response.json();
}

let asked = 0;

/** Of a page that nobody has asked for before, as the edge keeps errors for moments. */
async function who(stack: LocalStack): Promise<number> {
  const response = await fetch(`${stack.url}/who?${asked++}`);
  await response.arrayBuffer();
  return response.status;
}

describe('an origin with a fault', () => {
  it('refuses, throttles and goes well again', async () => {
    const stack = await start();
    expect(await who(stack)).toBe(200);
    const refusal = stack.addFault({ target: 'origin', kind: 'refuse' });
    expect(await who(stack)).toBe(502);
    // CloudFront tries three times.
    expect(stack.faults).toEqual([{ ...refusal, met: 3 }]);
    stack.removeFault(refusal.id);
    stack.addFault({ target: 'origin', kind: 'throttle' });
    expect(await who(stack)).toBe(503);
    stack.removeFault();
    expect(await who(stack)).toBe(200);
  });

  it('answers when its hanging ends, and with wrong bytes', async () => {
    const stack = await start();
    stack.addFault({ target: 'origin', kind: 'hang' });
    const answered = who(stack);
    await until(() => stack.faults[0]?.met === 1);
    stack.removeFault();
    expect(await answered).toBe(200);
    const right = await (await fetch(`${stack.url}/host`)).text();
    stack.addFault({ target: 'origin', kind: 'corrupt' });
    const wrong = await (await fetch(`${stack.url}/host`)).text();
    expect(wrong).toHaveLength(right.length);
    expect(wrong).not.toBe(right);
  });

  it('still sends what the edge has kept', async () => {
    const stack = await start();
    await fetch(`${stack.url}/kept`);
    stack.addFault({ target: 'origin', kind: 'refuse' });
    const kept = await fetch(`${stack.url}/kept`);
    expect([kept.status, kept.headers.get('x-cache')]).toEqual([200, 'Hit from cloudfront']);
  });
});

describe('a replica', () => {
  it('is frozen and resumed, and then answers what it was asked', async () => {
    const stack = await start();
    expect(await order(stack, '/freeze', { replica: 'replica-1' })).toBe(204);
    expect(stack.replicas[0]).toMatchObject({ frozen: true });
    const progress = { isDone: false };
    const answered = fetch(`${stack.replicas[0]?.url ?? ''}/health`).then(() => (progress.isDone = true));
    // Longer than it takes anybody else to answer.
    for (let others = 0; others < 20; others++) await fetch(`${stack.control}/state`);
    expect(progress.isDone).toBe(false);
    await order(stack, '/resume', { replica: 'replica-1' });
    await answered;
    expect(stack.replicas[0]).toMatchObject({ frozen: false, restarts: 0 });
  });

  it('has a clock that is wrong from now on, also when it is started again', async () => {
    const stack = await start(2);
    const clockOf = async (index: number): Promise<number> => {
      const response = await fetch(`${stack.replicas[index]?.url ?? ''}/time`);
      return Number(await response.json()) - Date.now();
    };
    const isAhead = async (hours: number) => Math.abs((await clockOf(0)) - hours * 3_600_000) < 60_000;
    expect(await isAhead(0)).toBe(true);
    await order(stack, '/skew', { replica: 'replica-1', milliseconds: 3_600_000 });
    while (!(await isAhead(1)));
    expect(Math.abs(await clockOf(1))).toBeLessThan(60_000);
    stack.kill('replica-1');
    await until(() => stack.replicas[0]?.restarts === 1 && stack.replicas[0].state === 'healthy');
    expect(await isAhead(1)).toBe(true);
    expect(stack.replicas[0]).toMatchObject({ skew: 3_600_000, lastEnd: 'container "web" was killed by SIGKILL' });
  });

  it('cannot reach the stores while it is partitioned, but is reached', async () => {
    const stack = await start();
    expect(await order(stack, '/partition', { replica: 'replica-1', partitioned: true })).toBe(204);
    expect(stack.state.partitioned).toEqual(['replica-1']);
    const progress = { isDone: false };
    const listed = fetch(`${stack.url}/list`).then(async (response) => {
      progress.isDone = true;
      return response.json();
    });
    expect(await who(stack)).toBe(200);
    expect(progress.isDone).toBe(false);
    await order(stack, '/partition', { replica: 'replica-1', partitioned: false });
    expect(await listed).toBe(200);
  });

  it('is named when there is none of that name', async () => {
    const stack = await start();
    const error = { error: 'cdk-nextjs-ecs local: there is no replica "replica-9"; there are: replica-1.' };
    expect(await order(stack, '/freeze', { replica: 'replica-9' })).toEqual(error);
    expect(await order(stack, '/skew', { replica: 'replica-9', milliseconds: 1 })).toEqual(error);
    expect(await order(stack, '/partition', { replica: 'replica-9', partitioned: true })).toEqual(error);
    expect(await order(stack, '/faults', { target: 's3', kind: 'hang', replica: 'replica-9' })).toEqual(error);
  });

  it('does not keep a stack from stopping, frozen or partitioned', async () => {
    const stack = await start(2);
    stack.freeze('replica-1');
    stack.partition('replica-2', true);
    const { control } = stack;
    await stack.stop();
    await expect(fetch(control)).rejects.toThrow();
  });
});
