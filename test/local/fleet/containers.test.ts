import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { type ImageAsset, readTaskDefinition } from '../../../local/fleet';
import { createFleet, get, stageBundle, temporaryDirectory } from './support';

const FOREIGN = 'public.ecr.aws/foreign/web:1';

function foreignTask(properties: Record<string, unknown> = {}) {
  return readTaskDefinition({
    ContainerDefinitions: [{ Name: 'web', Image: FOREIGN, PortMappings: [{ ContainerPort: 3000 }], ...properties }],
  });
}

describe('a container of a foreign image', () => {
  it('is refused when the load balancer needs it', async () => {
    await expect(createFleet({ taskDefinition: foreignTask() })).rejects.toThrow(
      /container "web" of service Service has an image that was not built by cdk-nextjs-ecs \(public\.ecr\.aws\/foreign\/web:1\); say where its files are with --container web=DIR/,
    );
  });

  it('runs its command in the directory that the user names', async () => {
    const server = join(await stageBundle(await temporaryDirectory()), 'server/web');
    const { fleet } = await createFleet({
      taskDefinition: foreignTask({ Command: ['node', 'server.mjs', '-p', '3000'] }),
      directories: { web: server },
    });
    await fleet.start();
    expect((await get(fleet)).directory).toBe(server);
  });

  it('takes the command of the image’s Dockerfile when the task definition has none', async () => {
    const scratch = await temporaryDirectory();
    const server = join(await stageBundle(scratch), 'server/web');
    const asset: ImageAsset = { directory: join(scratch, 'context'), dockerFile: 'Production.Dockerfile' };
    await mkdir(asset.directory);
    await writeFile(
      join(asset.directory, 'Production.Dockerfile'),
      'FROM node\nENTRYPOINT ["tini", "--"]\nCMD ["node", "server.mjs", "-p", "3000"]\n',
    );
    const { fleet } = await createFleet({
      taskDefinition: foreignTask(),
      directories: { web: server },
      imageAsset: () => asset,
    });
    await fleet.start();
    expect((await get(fleet)).directory).toBe(server);
  });

  it('is named as not run when it stands beside the one that is balanced', async () => {
    const { fleet } = await createFleet({
      taskDefinition: readTaskDefinition({
        ContainerDefinitions: [
          {
            Name: 'web',
            Image: '000000000000.dkr.ecr.us-east-1.amazonaws.com/assets:abc',
            WorkingDirectory: '/app/web',
            Command: ['node', 'server.mjs', '-p', '3000'],
          },
          { Name: 'agent', Image: FOREIGN, Essential: false },
        ],
      }),
    });
    await fleet.start();
    expect(fleet.notes).toEqual([
      'container "agent" (public.ecr.aws/foreign/web:1) is not run; --container agent=DIR runs its command in a directory',
    ]);
  });
});

describe('a health check of a container itself', () => {
  it('is named as not run', async () => {
    const server = join(await stageBundle(await temporaryDirectory()), 'server/web');
    const command = { Command: ['node', 'server.mjs', '-p', '3000'], HealthCheck: { Command: ['CMD', 'true'] } };
    const { fleet } = await createFleet({ taskDefinition: foreignTask(command), directories: { web: server } });
    expect(fleet.notes).toEqual([`container "web": its own health check is not run, the load balancer's are`]);
  });
});

describe('a secret', () => {
  it('has a placeholder that is named', async () => {
    const server = join(await stageBundle(await temporaryDirectory()), 'server/web');
    const { fleet } = await createFleet({
      taskDefinition: foreignTask({
        Command: ['node', 'server.mjs', '-p', '3000'],
        Secrets: [
          { Name: 'DATABASE_URL', ValueFrom: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:x' },
          { Name: 'TOKEN', ValueFrom: 'arn:aws:ssm:us-east-1:000000000000:parameter/token' },
        ],
      }),
      directories: { web: server },
      overrides: { TOKEN: 'mine' },
    });
    await fleet.start();
    expect(fleet.notes).toEqual(['secrets have placeholder values (--env NAME=VALUE sets one): DATABASE_URL']);
    expect((await get(fleet)).environment).toMatchObject({
      DATABASE_URL: 'local-value-of-DATABASE_URL',
      TOKEN: 'mine',
    });
  });
});
