import { describe, expect, it } from 'vitest';

import { readTaskDefinition } from '../../../local/fleet';
import { usedByGroup, usedBytes } from '../../../local/fleet/memory';
import { createFleet, get, taskDefinitionOf, until } from './support';

const MIB = 1024 * 1024;

describe('a task with a memory limit', () => {
  it('is killed beyond it, as ECS does, and replaced', async () => {
    const taskDefinition = { ...taskDefinitionOf({}), memory: 160 * MIB };
    const { fleet, lines } = await createFleet({ taskDefinition });
    await fleet.start();
    await until(() => fleet.replicas[0]?.memory?.used !== undefined);
    expect(fleet.replicas[0]).toMatchObject({ restarts: 0, memory: { limit: 160 * MIB } });
    await get(fleet, '/grow').catch(() => undefined);
    await until(() => fleet.replicas[0]?.restarts === 1 && fleet.replicas[0].state === 'healthy');
    const ending =
      /container "web" exited with code 137: OutOfMemoryError: container killed due to memory usage, \d+ MiB of 160 MiB/;
    expect(fleet.replicas[0]?.lastEnd).toMatch(ending);
    expect(lines.join('\n')).toMatch(ending);
  });

  it('may take what it likes where there is no limit', async () => {
    const { fleet } = await createFleet();
    await fleet.start();
    await get(fleet, '/grow');
    await until(() => (fleet.replicas[0]?.memory?.used ?? 0) > 256 * MIB);
    expect(fleet.replicas[0]?.restarts).toBe(0);
  });
});

describe('the memory of a template', () => {
  it('is the task’s, and that of each container', () => {
    const definition = readTaskDefinition({ Memory: '512', ContainerDefinitions: [{ Name: 'web', Memory: 256 }] });
    expect([definition.memory, definition.containers[0]?.memory]).toEqual([512 * MIB, 256 * MIB]);
    const { memory, containers } = readTaskDefinition({ ContainerDefinitions: [{ Name: 'web' }] });
    expect([memory, containers[0]?.memory]).toEqual([undefined, undefined]);
  });
});

describe('the memory of a process', () => {
  it('counts its descendants, and no files that are only mapped', async () => {
    const { fleet } = await createFleet();
    await fleet.start();
    const pid = fleet.replicas[0]?.pid ?? 0;
    const [own, resident] = await Promise.all([usedBytes(pid), usedByGroup(pid)]);
    expect(own).toBeGreaterThan(5 * MIB);
    // A machine may have no ps.
    expect(resident ?? Infinity).toBeGreaterThan(own ?? 0);
    expect(await usedBytes(process.pid)).toBeGreaterThan(own ?? 0);
  });
});
