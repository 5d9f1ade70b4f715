import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { createFleet, get, isRunning, until } from './support';

describe('a fleet', () => {
  it('runs as many tasks as the service desires', async () => {
    const { fleet } = await createFleet();
    await fleet.start();
    const [replica, ...others] = fleet.replicas;
    expect(others).toEqual([]);
    expect(replica).toMatchObject({ id: 'replica-1', state: 'healthy', restarts: 0 });
    expect(replica?.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(isRunning(replica?.pid)).toBe(true);
  });

  it('runs as many as the user wants instead, each on its own port', async () => {
    const { fleet } = await createFleet({ replicas: 3 });
    await fleet.start();
    expect(new Set(fleet.replicas.map(({ url }) => url)).size).toBe(3);
  });

  it('starts its first tasks before the others on a machine of few processors', async () => {
    const { fleet, targets } = await createFleet({ replicas: 3, startsAtOnce: 1 });
    const starting = fleet.start();
    await until(() => targets.registered.size === 1);
    expect(fleet.replicas).toHaveLength(1);
    await starting;
    expect(fleet.replicas.map(({ state }) => state)).toEqual(['healthy', 'healthy', 'healthy']);
  });

  it('begins no more of them when it is stopped meanwhile', async () => {
    const { fleet } = await createFleet({ replicas: 2, startsAtOnce: 1 });
    const starting = fleet.start();
    await Promise.all([fleet.stop({ drain: false }), expect(starting).rejects.toThrow('was stopped before')]);
    expect(fleet.replicas).toHaveLength(1);
  });

  it('gives a task the environment of the template and nothing of the developer’s shell', async () => {
    process.env.DEVELOPERS_OWN = 'secret';
    const { fleet } = await createFleet({}, { SITE: 'shop' });
    await fleet.start();
    const { environment } = await get(fleet);
    expect(environment).toMatchObject({ SITE: 'shop', NODE_ENV: 'production', AWS_REGION: 'us-east-1', TZ: 'UTC' });
    expect(environment.DEVELOPERS_OWN).toBeUndefined();
    expect(environment.HOME).not.toBe(process.env.HOME);
  });

  it('lets the user override a variable of the template', async () => {
    const { fleet } = await createFleet({ overrides: { SITE: 'mine' } }, { SITE: 'shop' });
    await fleet.start();
    expect((await get(fleet)).environment.SITE).toBe('mine');
  });

  it('gives every task a file system of its own', async () => {
    const { fleet, asset } = await createFleet({ replicas: 2 });
    await fleet.start();
    await get(fleet, '/write', 0);
    expect((await get(fleet, '/', 0)).files).toContain('written');
    expect((await get(fleet, '/', 1)).files).not.toContain('written');
    expect(readdirSync(join(asset, 'server/web'))).not.toContain('written');
  });

  it('keeps the modification times of the image’s files', async () => {
    const { fleet, asset } = await createFleet();
    await fleet.start();
    const { directory } = await get(fleet);
    const [original, copy] = await Promise.all([
      stat(join(asset, 'server/web/server.mjs')),
      stat(join(directory, 'server.mjs')),
    ]);
    expect(copy.mtime).toEqual(original.mtime);
  });

  it('replaces a task that crashed, and moves it in the target group', async () => {
    const { fleet, targets, lines } = await createFleet();
    await fleet.start();
    const [before] = fleet.replicas;
    await get(fleet, '/crash');
    await until(() => fleet.replicas[0]?.restarts === 1 && fleet.replicas[0].state === 'healthy');
    expect(fleet.replicas[0]?.pid).not.toBe(before?.pid);
    expect(targets.registered.size).toBe(1);
    expect(lines).toContain('replica-1 replica-1: container "web" exited with code 1');
  });

  it('replaces a task that was killed', async () => {
    const { fleet } = await createFleet();
    await fleet.start();
    fleet.kill('replica-1');
    await until(() => fleet.replicas[0]?.restarts === 1 && fleet.replicas[0].state === 'healthy');
  });

  it('says which replicas there are when asked to kill another', async () => {
    const { fleet } = await createFleet();
    await fleet.start();
    expect(() => {
      fleet.kill('replica-9');
    }).toThrow('there is no replica "replica-9"; there are: replica-1.');
  });

  it('fails with the last lines of a task that cannot start', async () => {
    const { fleet } = await createFleet({}, { FAIL: '1' });
    await expect(fleet.start()).rejects.toThrow(
      /replica-1 ended 3 times before it was healthy[\s\S]*the catalogue is missing/,
    );
  });

  it('drains a task before it is told to end', async () => {
    const { fleet, targets, directory } = await createFleet({}, { TERM_FILE: 'term' });
    await fleet.start();
    const [replica] = fleet.replicas;
    const port = new URL(replica?.url ?? '').port;
    await fleet.stop();
    expect(targets.events).toEqual([`register ${port}`, `deregister ${port}`]);
    expect(isRunning(replica?.pid)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('kills a task that does not end within its stop timeout, after exactly one SIGTERM', async () => {
    const { fleet, directory } = await createFleet(
      {},
      { STUBBORN: '1', TERM_FILE: join('..', '..', '..', 'term') },
      300,
    );
    await fleet.start();
    const [replica] = fleet.replicas;
    await fleet.stop();
    expect(isRunning(replica?.pid)).toBe(false);
    expect(readFileSync(join(directory, 'term'), 'utf8')).toBe('term\n');
  });

  it('scales up and down', async () => {
    const { fleet, targets } = await createFleet();
    await fleet.start();
    await fleet.scale(3);
    expect(fleet.replicas.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'replica-1 healthy',
      'replica-2 healthy',
      'replica-3 healthy',
    ]);
    await fleet.scale(1);
    expect(fleet.replicas.map(({ id }) => id)).toEqual(['replica-1']);
    expect(targets.registered.size).toBe(1);
  });
});
