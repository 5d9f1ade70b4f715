import { describe, expect, it } from 'vitest';

import { type Placement, processSpec } from '../../../local/fleet/process-spec';
import { readTaskDefinition } from '../../../local/fleet';

const PLACEMENT: Placement = {
  directory: '/tasks/1/web',
  home: '/tasks/1/home',
  ports: new Map([[3000, 45_000]]),
  services: {},
  overrides: {},
};

function spec(properties: Record<string, unknown>, configuration = {}) {
  const [container] = readTaskDefinition({
    ContainerDefinitions: [{ Name: 'web', Image: 'image', ...properties }],
  }).containers;
  if (container === undefined) throw new Error('no container');
  const source = {
    directory: '/asset/server',
    imageRoot: '/app',
    configuration: { environment: {}, ...configuration },
  };
  return processSpec(container, source, PLACEMENT);
}

describe('a container’s command', () => {
  it.each([
    ['-p 3000', '-p 45000'],
    ['--port 3000', '--port 45000'],
    ['--port=3000', '--port=45000'],
    ['-p 4000', '-p 4000'],
    ['-H 0.0.0.0', '-H 127.0.0.1'],
    ['--hostname=0.0.0.0', '--hostname=127.0.0.1'],
    ['--keepAliveTimeout 3000', '--keepAliveTimeout 3000'],
    ['/app/server.js --import=/app/preload.mjs', '/tasks/1/web/server.js --import=/tasks/1/web/preload.mjs'],
    ['/application/server.js', '/application/server.js'],
  ])('with %s runs with %s', (declared, local) => {
    expect(spec({ Command: ['node', ...declared.split(' ')] }).args).toEqual(local.split(' '));
  });

  it('that starts Next.js on every interface starts it on loopback', () => {
    const next = 'node_modules/next/dist/bin/next';
    expect(spec({ Command: ['node', next, 'start', '-p', '3000'] }).args).toEqual([
      next,
      'start',
      '-p',
      '45000',
      '-H',
      '127.0.0.1',
    ]);
  });

  it('is run by the Node.js that runs us', () => {
    expect(spec({ Command: ['/usr/local/bin/node', 'x'] }).file).toBe(process.execPath);
  });

  it('loses the image’s CMD when the task definition has another entry point', () => {
    expect(() => spec({}, { entryPoint: [], command: [] })).toThrow(/container "web" has no command/);
    expect(spec({ EntryPoint: ['sh'] }, { entryPoint: ['node'], command: ['server.js'] })).toMatchObject({
      file: 'sh',
      args: [],
    });
  });

  it('runs where the task definition or the image says, inside the replica’s own files', () => {
    expect(spec({ Command: ['x'] }).directory).toBe('/tasks/1/web');
    expect(spec({ Command: ['x'], WorkingDirectory: '/app/apps/web' }).directory).toBe('/tasks/1/web/apps/web');
    expect(spec({ Command: ['x'] }, { workingDirectory: '/app/docs' }).directory).toBe('/tasks/1/web/docs');
    expect(() => spec({ Command: ['x'], WorkingDirectory: '/srv' })).toThrow(
      'works in /srv, which is outside of the files it brings (/app)',
    );
  });
});

describe('a container’s environment', () => {
  it('has its ports and addresses moved to loopback', () => {
    const Environment = [
      { Name: 'PORT', Value: '3000' },
      { Name: 'HOSTNAME', Value: '0.0.0.0' },
      { Name: 'LIMIT', Value: '3000' },
      { Name: 'NODE_OPTIONS', Value: '--import /app/x.mjs' },
    ];
    expect(spec({ Command: ['x'], Environment }).environment).toMatchObject({
      PORT: '45000',
      HOSTNAME: '127.0.0.1',
      LIMIT: '3000',
      NODE_OPTIONS: '--import /tasks/1/web/x.mjs',
    });
  });

  it('preloads no library that this machine lacks', () => {
    const Environment = [{ Name: 'LD_PRELOAD', Value: '/usr/lib/nowhere/libjemalloc.so.2' }];
    expect(spec({ Command: ['x'], Environment }).environment.LD_PRELOAD).toBe('');
  });
});
