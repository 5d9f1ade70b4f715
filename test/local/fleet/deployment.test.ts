import { describe, expect, it } from 'vitest';

import type { DeploymentEvent, Fleet, ServiceDefinition } from '../../../local/fleet';
import { createFleet, get, isRunning, serviceOf, taskDefinitionOf, until } from './support';

async function startFleet(service: Partial<ServiceDefinition> = {}) {
  const events: DeploymentEvent[] = [];
  const fixture = await createFleet(
    { service: serviceOf({ desiredCount: 2, ...service }), onDeployment: (event) => events.push(event) },
    { BUILD: 'one' },
  );
  const { fleet } = fixture;
  await fleet.start();
  events.length = 0;
  const deploy = (environment: Record<string, string>, changed: Partial<ServiceDefinition> = {}) =>
    fleet.deploy({
      service: serviceOf({ desiredCount: 2, ...service, ...changed }),
      taskDefinition: taskDefinitionOf(environment),
      imageAsset: () => ({ directory: fixture.asset }),
    });
  return { ...fixture, deploy, events };
}

async function builds(fleet: Fleet): Promise<(string | undefined)[]> {
  return Promise.all(fleet.replicas.map(async (_, index) => (await get(fleet, '/', index)).environment.BUILD));
}

/** Smallest and largest number of healthy targets, and the largest number of registered ones, while the work goes on. */
async function watch(targets: { registered: Map<number, string> }, work: Promise<unknown>) {
  let [fewest, most] = [Infinity, 0];
  let isDone = false;
  void work.finally(() => (isDone = true)).catch(() => undefined);
  await until(() => {
    const healthy = [...targets.registered.values()].filter((state) => state === 'healthy').length;
    fewest = Math.min(fewest, healthy);
    most = Math.max(most, targets.registered.size);
    return isDone;
  });
  return { fewest, most };
}

describe('a rolling deployment', () => {
  it('replaces every task, and says so when nothing of the old revision is left', async () => {
    const { fleet, deploy, events, targets } = await startFleet();
    const old = fleet.replicas;
    const work = deploy({ BUILD: 'two' });
    const { fewest, most } = await watch(targets, work);
    expect(await work).toBe('completed');
    expect(fewest).toBeGreaterThanOrEqual(2);
    expect(most).toBeLessThanOrEqual(4);
    expect(await builds(fleet)).toEqual(['two', 'two']);
    expect(fleet.replicas.map(({ id }) => id)).toEqual(['replica-3', 'replica-4']);
    expect(old.map(({ pid }) => isRunning(pid))).toEqual([false, false]);
    expect(targets.registered.size).toBe(2);
    expect(events.map(({ eventName }) => eventName)).toEqual([
      'SERVICE_DEPLOYMENT_IN_PROGRESS',
      'SERVICE_DEPLOYMENT_COMPLETED',
    ]);
    expect(new Set(events.map(({ deploymentId }) => deploymentId)).size).toBe(1);
    expect(events[0]?.deploymentId).toMatch(/^ecs-svc\/\d{19}$/);
  });

  it('never has more tasks than the maximum allows, and makes room within the minimum', async () => {
    const { deploy, targets, fleet } = await startFleet({ healthyPercent: { minimum: 50, maximum: 100 } });
    const work = deploy({ BUILD: 'two' });
    const { fewest, most } = await watch(targets, work);
    expect(await work).toBe('completed');
    expect([fewest >= 1, most <= 2]).toEqual([true, true]);
    expect(await builds(fleet)).toEqual(['two', 'two']);
  });

  it('is none where nothing has changed', async () => {
    const { deploy, events, fleet } = await startFleet();
    const before = fleet.replicas.map(({ pid }) => pid);
    expect(await deploy({ BUILD: 'one' })).toBe('unchanged');
    expect(fleet.replicas.map(({ pid }) => pid)).toEqual(before);
    expect(events).toEqual([]);
  });

  it.each([
    ['cannot start', { BUILD: 'two', FAIL: '1' }],
    ['never pass their health checks', { BUILD: 'two', SICK: '1' }],
  ])('is rolled back when its tasks %s', async (_, environment) => {
    const { fleet, deploy, events, targets } = await startFleet();
    const old = fleet.replicas;
    const work = deploy(environment);
    const { fewest } = await watch(targets, work);
    expect(await work).toBe('rolled-back');
    expect(fewest).toBeGreaterThanOrEqual(2);
    expect(fleet.replicas.map(({ id, pid }) => [id, pid])).toEqual(old.map(({ id, pid }) => [id, pid]));
    expect(events.map(({ eventName, eventType }) => `${eventType} ${eventName}`)).toEqual([
      'INFO SERVICE_DEPLOYMENT_IN_PROGRESS',
      'ERROR SERVICE_DEPLOYMENT_FAILED',
      'INFO SERVICE_DEPLOYMENT_IN_PROGRESS',
      'INFO SERVICE_DEPLOYMENT_COMPLETED',
    ]);
    expect(events[2]?.reason).toContain('rolling back');
    expect(await deploy({ BUILD: 'three' })).toBe('completed');
    expect(await builds(fleet)).toEqual(['three', 'three']);
  });

  it('is given up without a rollback where the service asks for none', async () => {
    const { fleet, deploy, events } = await startFleet({ circuitBreaker: { isEnabled: true, rollsBack: false } });
    expect(await deploy({ FAIL: '1' })).toBe('failed');
    expect(await builds(fleet)).toEqual(['one', 'one']);
    expect(events.at(-1)?.eventName).toBe('SERVICE_DEPLOYMENT_FAILED');
  });

  it('is one at a time', async () => {
    const { deploy, fleet } = await startFleet();
    const work = deploy({ BUILD: 'two' });
    await expect(deploy({ BUILD: 'three' })).rejects.toThrow(/deployment ecs-svc\/\d+ of Service is in progress/);
    await expect(fleet.scale(3)).rejects.toThrow(/is in progress/);
    await work;
  });

  it('keeps the number of replicas that the user has scaled to', async () => {
    const { deploy, fleet } = await startFleet();
    await fleet.scale(1);
    await deploy({ BUILD: 'two' });
    expect(await builds(fleet)).toEqual(['two']);
  });

  it('ends when the fleet is stopped in its middle', async () => {
    const { deploy, fleet } = await startFleet({ circuitBreaker: { isEnabled: false, rollsBack: false } });
    const work = deploy({ FAIL: '1' }).catch((error: unknown) => error);
    await until(() => fleet.replicas.length === 4);
    await fleet.stop({ drain: false });
    expect(await work).toMatchObject({ message: expect.stringContaining('stopped during a deployment') as string });
  });
});
