import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { NextjsBuild } from '../../../lib';
import { packBundle } from '../../../local/bundle';
import { readBinary } from '../../../local/bundle/binary';
import { walk } from '../../../local/bundle/files';
import { silentProgress } from '../../../local/progress';
import { Origin } from '../../fixtures/origin';
import { prepareAssets, prepareExample } from '../../fixtures/prepare';
import { NEWEST_VERSION } from '../../fixtures/versions';
import { renderOf } from '../../runtime/fleet/page';
import { PackedApp } from '../../runtime/server/packed-app';
import { until } from '../../runtime/server/started-server';
import { notProven, proven } from '../support/proof';
import { hasTools, isRoot } from '../support/tool';
import { makeBaseImage, makeEmptyImage } from './base-image';
import { expectOnlyWhatRuns } from './contents';
import { readLayers } from './image-layers';
import { type BuildOptions, ImageStorage } from './image-storage';
import { readMemoryLimit } from './memory-limit';
import { DEV_DEPENDENCIES, PnpmWorkspace } from './pnpm-workspace';
import { RunningSite } from './running-site';
import { synthesizeTask, type Task } from './task';
import type { TaskContainer } from './task-container';

const CLAIM = 'The container image is built and runs';
const canRun = isRoot(CLAIM) && hasTools(CLAIM, 'buildah', 'podman', 'runc', 'mmdebstrap');

const BUILT = 'buildah, over a base image of Debian and Node.js 24 made here';
const RUN = 'podman and runc, by the synthesized task definition';
const PICTURE = '/_next/image?url=%2Fpicture.png&w=640&q=75';

describe.skipIf(!canRun)('the container image', () => {
  let scratch: string;
  let storage: ImageStorage;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'image-'));
    storage = ImageStorage.create();
    await Promise.all([makeBaseImage(storage), prepareAssets()]);
  });

  afterAll(() => {
    storage.remove();
    rmSync(scratch, { recursive: true });
  });

  const fromDirectory = (directory: string): Task =>
    synthesizeTask(scratch, () => NextjsBuild.fromDirectory(directory));

  /** As `cdk deploy` builds it. Fulfilled with the image's id, which is the digest of all that it is. */
  function buildAsset(
    { asset }: Task,
    options: Pick<BuildOptions, 'timestamp' | 'buildArguments'> = {},
  ): Promise<string> {
    if (!asset) throw new Error('test/deploy: the task has no image asset');
    const { directory, dockerFile, platform } = asset;
    return storage.build({ directory, dockerfile: dockerFile, platform, ...options });
  }

  describe('of an app installed by npm', () => {
    let app: PackedApp;
    let origin: Origin;
    let site: RunningSite;
    let first: TaskContainer;
    let second: TaskContainer;
    let image: string;

    beforeAll(async () => {
      app = await PackedApp.pack(NEWEST_VERSION);
      const task = fromDirectory(app.directory);
      [origin, image] = await Promise.all([Origin.start(), buildAsset(task)]);
      site = await RunningSite.start(storage, image, task);
      const environment = { FIXTURE_ORIGIN: origin.url };
      first = await site.add('first', environment);
      second = await site.add('second', environment);
    });

    afterAll(async () => {
      await site.stop();
      await Promise.all([origin.close(), app.remove()]);
    });

    it('answers the health check of the target group', async () => {
      expect(await first.isHealthy()).toBe(true);
      proven('An image of what cdk synth stages, by the Dockerfile of the bundle as it is', BUILT);
      proven("The target group's health check is answered", RUN);
    });

    it('runs the server as process 1, by a user that is not root', () => {
      expect(readlinkSync(`/proc/${first.pid}/exe`)).toBe('/usr/local/bin/node');
      expect(/^NSpid:.*\s(\d+)$/m.exec(first.proc('status'))?.[1]).toBe('1');
      expect(/^Uid:\s+(\d+)/m.exec(first.proc('status'))?.[1]).toBe('1000');
      proven('The server is process 1 and belongs to uid 1000', `${RUN}; /proc/PID/status`);
    });

    it('can write to its two volumes and to nothing else', async () => {
      const places = ['/app/x', '/app/.next/x', '/home/node/x', '/etc/x', '/app/.next/cache/x', '/tmp/x'];
      const attempt = `(place) => { try { fs.writeFileSync(place, ''); return 'written' } catch (error) { return error.code } }`;
      const said = await first.evaluate(`console.log(JSON.stringify(${JSON.stringify(places)}.map(${attempt})))`);
      expect(JSON.parse(said)).toEqual(['EROFS', 'EROFS', 'EROFS', 'EROFS', 'written', 'written']);
      proven('The root file system is read-only; .next/cache and /tmp belong to the user', RUN);
    });

    it('has jemalloc in its process', () => {
      expect(first.proc('maps')).toContain(' /usr/local/lib/libjemalloc.so.2');
      proven('jemalloc is loaded', `${RUN}; /proc/PID/maps`);
    });

    it('optimizes images by sharp', async () => {
      const answer = await first.fetch(PICTURE, { headers: { accept: 'image/webp' } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp']);
      expect(Buffer.from(await answer.arrayBuffer()).toString('latin1', 8, 12)).toBe('WEBP');
      expect(first.proc('maps')).toMatch(/\/app\/node_modules\/@img\/sharp-.*\.node$/m);
      proven('next/image answers with WebP, made by sharp', `${RUN}; /proc/PID/maps`);
    });

    it('shares a page with another container through S3, and its revalidation through DynamoDB', async () => {
      const path = '/posts/shared';
      const original = await first.ask(path);
      await until(() => site.count('first', 'PutObject', '/response/') > 0 && site.isQuiet);
      expect(renderOf(await second.ask(path))).toBe(renderOf(original));
      expect(site.count('second', 'GetObject', '/response/')).toBeGreaterThan(0);
      expect(site.count('second', 'PutObject', '/response/')).toBe(0);

      const headers = { 'content-type': 'application/json' };
      await second.ask('/api/revalidate', { method: 'POST', headers, body: JSON.stringify({ tags: ['post:shared'] }) });
      expect(site.count('second', 'UpdateItem')).toBe(1);
      await until(async () => renderOf(await first.ask(path)) !== renderOf(original));
      proven('Two containers share pages (S3) and revalidations (DynamoDB)', `${RUN}; the embedded stores`);
    });

    it('is limited to the memory of its task, beyond which it is killed', async ({ skip }) => {
      const limit = readMemoryLimit(first.proc('cgroup'));
      if (limit !== site.task.memory) skip(`the control groups of this machine say ${String(limit)} bytes`);
      const hoard = 'const held = []; for (;;) held.push(Buffer.alloc(2 ** 20, 1));';
      const limited = [
        'run',
        '--rm',
        '--network',
        'none',
        '--runtime',
        'runc',
        '--memory',
        '64m',
        '--memory-swap',
        '64m',
      ];
      const limits = ['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'];
      await expect(storage.podman(...limited, ...limits, image, 'node', '-e', hoard)).rejects.toMatchObject({
        cause: { code: 137 },
      });
      proven("The task's memory limit holds: beyond it the kernel kills (137)", `${RUN}; control groups`);
    });

    it('finishes what it was asked when it is told to stop, and exits with 0', async () => {
      origin.hold('/hold/last');
      const page = second.ask('/held/last');
      await until(() => origin.waiting('/hold/last') === 1);
      const code = second.stop();
      await until(async () => (await second.ask(site.task.healthCheck.path)).status === 503);
      origin.release('/hold/last');
      expect((await page).status).toBe(200);
      expect(await code).toBe(0);
      proven('SIGTERM: a running request is finished, then exit 0, before the stop timeout', RUN);
    });
  });

  describe('of the storefront', () => {
    let packed: PackedApp;
    let task: Task;
    let image: string;
    let timestamp: number;

    beforeAll(async () => {
      packed = await PackedApp.packBuilt(await prepareExample('storefront'));
      task = fromDirectory(packed.directory);
      timestamp = Math.floor(packed.facts.builtAt / 1000);
      image = await buildAsset(task, { timestamp });
    });

    afterAll(() => packed.remove());

    it('holds what the server runs, and nothing that only its build needed', async () => {
      const lock = JSON.parse(readFileSync('examples/storefront/package-lock.json', 'utf8')) as {
        packages: Record<string, { dev?: boolean }>;
      };
      const entries = Object.entries(lock.packages).filter(([, { dev }]) => dev === true);
      const names = entries.map(([path]) => path.replace(/^.*node_modules\//, ''));
      expect(names).toContain('typescript');
      expectOnlyWhatRuns(await readLayers(storage, image), names);
      proven('No build tool, dev dependency, source or source map in the image, and its size is bounded', 'its layers');
    });

    it('is the same to the bit for another packing of the same build', async () => {
      const again = await PackedApp.packBuilt(await prepareExample('storefront'));
      try {
        const other = fromDirectory(again.directory);
        expect(other.asset?.id).toBe(task.asset?.id);
        expect(await buildAsset(other, { timestamp })).toBe(image);
        proven('Two packings of one build give one asset hash', 'cdk synth');
        proven('Two packings of one build give one image digest', `${BUILT}; --timestamp of the build's end`);
      } finally {
        await again.remove();
      }
    });

    it('is built for another architecture without running anything of it', async () => {
      const arch = process.arch === 'x64' ? 'arm64' : 'x64';
      const outDirectory = join(scratch, 'foreign');
      const target = { os: 'linux', arch };
      const appDirectory = await prepareExample('storefront');
      await packBundle({ appDirectory, outDirectory, skipBuild: true, target, progress: silentProgress });
      const other = fromDirectory(outDirectory);
      expect(other.asset?.platform).toBe(`linux/${dockerName(arch)}`);
      // Buildah 1.28 does not know where it builds, and looks for the last stage's base by the first one's platform.
      const BUILDPLATFORM = `linux/${dockerName(process.arch)}`;
      const BASE_IMAGE = await makeEmptyImage(storage);
      const foreign = await buildAsset(other, { buildArguments: { BUILDPLATFORM, BASE_IMAGE } });
      const root = await storage.mount(foreign);
      const libraries = [...walk(root)].filter((path) => /\.node$|\.so(\.\d+)*$/.test(path));
      expect(libraries.map((path) => basename(path))).toContain('libjemalloc.so.2');
      expect(libraries.length).toBeGreaterThan(2);
      expect(new Set(libraries.flatMap((path) => readBinary(path)?.archs))).toEqual(new Set([arch]));
      proven(
        `An image for ${arch} is made on ${process.arch}, jemalloc and sharp of that architecture`,
        `${BUILT}; ELF`,
      );
    });
  });

  notProven('An image for another architecture runs', 'no emulation, and no such machine at hand');
  notProven('The same on node:24-slim and node:24-alpine of Docker Hub', 'no image can be pulled here');
  notProven('Reproducible with Docker itself', 'no Docker daemon here; docs/image.md says what it takes');

  describe('of a pnpm workspace', () => {
    let workspace: PnpmWorkspace;

    beforeAll(async () => {
      workspace = await PnpmWorkspace.install(scratch);
    });

    /** Runs one container by the task definition, and stops it. */
    async function expectToRun(image: string, task: Task): Promise<void> {
      const site = await RunningSite.start(storage, image, task);
      try {
        const container = await site.add('only');
        expect((await container.ask('/')).body).toContain('cherry');
        const answer = await container.fetch(PICTURE, { headers: { accept: 'image/webp' } });
        expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/webp']);
        expect(/^Uid:\s+(\d+)/m.exec(container.proc('status'))?.[1]).not.toBe('0');
        expect(container.output.filter((line) => /"level":"(warn|error)"|⨯|⚠/.test(line))).toEqual([]);
        expect(await container.stop()).toBe(0);
      } finally {
        await site.stop();
      }
    }

    it('runs', async () => {
      workspace.configure({ productionBrowserSourceMaps: true });
      await workspace.build();
      const task = fromDirectory(workspace.app);
      const image = await buildAsset(task);
      await expectToRun(image, task);
      expectOnlyWhatRuns(await readLayers(storage, image), DEV_DEPENDENCIES);
      proven('No .env, .git or .npmrc of the repository in the image', 'its layers');
      proven('The image of a pnpm workspace runs, with a page and an optimized image', RUN);
    });

    it('runs when a Dockerfile of its own makes it', async () => {
      const own = join(workspace.directory, 'web.Dockerfile');
      writeFileSync(
        own,
        `FROM node:24-slim
COPY --chown=node:node server/ /app/
VOLUME ["/app/apps/web/.next/cache", "/tmp"]
USER node
`,
      );
      await workspace.build('--skip-build', '--dockerfile', own);
      const task = fromDirectory(workspace.app);
      await expectToRun(await buildAsset(task), task);
      proven('An image of a Dockerfile of the app runs', RUN);
    });

    it("runs out of Next's standalone output", async () => {
      workspace.configure({ output: 'standalone' });
      await workspace.build();
      const task = fromDirectory(workspace.app);
      expect(task.container.command).toContain('server.js');
      await expectToRun(await buildAsset(task), task);
      proven("The image of Next's standalone output runs", RUN);
    });

    it('runs as an image that was made elsewhere, with nothing of ours but the runtime', async () => {
      writeFileSync(
        join(workspace.directory, 'Dockerfile'),
        `FROM node:24-slim
WORKDIR /app
COPY --chown=node:node apps/web/.next/standalone ./
COPY --chown=node:node apps/web/.next/static ./apps/web/.next/static
COPY --chown=node:node apps/web/public ./apps/web/public
COPY --chown=node:node apps/web/.cdk-nextjs-ecs/server/.cdk-nextjs-ecs ./.cdk-nextjs-ecs
USER node
`,
      );
      const image = await storage.build({ directory: workspace.directory });
      const task = synthesizeTask(scratch, () =>
        NextjsBuild.fromImage(ecs.ContainerImage.fromRegistry(image), {
          facts: workspace.bundle,
          staticFiles: join(workspace.bundle, 'static'),
        }),
      );
      await expectToRun(task.container.image, task);
      proven('A prebuilt image (NextjsBuild.fromImage) runs', RUN);
    });
  });
});

/** Docker's name of what Node.js calls an architecture. */
function dockerName(arch: string): string {
  return arch === 'x64' ? 'amd64' : arch;
}
