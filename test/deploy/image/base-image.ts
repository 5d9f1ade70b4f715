import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from './command';
import type { ImageStorage } from './image-storage';

/** The name under which Dockerfiles find it, as they would find Docker Hub's. */
export const BASE_IMAGE = 'docker.io/library/node:24-slim';

const NODE_VERSION = '24.21.0';
const DEBIAN = 'bookworm';

/**
 * Makes what stands in for Docker Hub's image where nothing can be pulled: Debian from its own archive, Node.js from npm, the user `node`, and
 * an entry point that becomes what it is given.
 */
export async function makeBaseImage(storage: ImageStorage): Promise<void> {
  const container = await storage.buildah('from', 'scratch');
  const root = await storage.buildah('mount', container);
  await run('mmdebstrap', ['--variant=apt', '--mode=root', '--quiet', DEBIAN, root]);
  await installNode(join(root, 'usr/local/bin/node'));
  await run('chroot', [root, 'useradd', '--uid', '1000', '--create-home', 'node']);
  const entryPoint = join(root, 'usr/local/bin/docker-entrypoint.sh');
  writeFileSync(entryPoint, '#!/bin/sh\nexec "$@"\n');
  chmodSync(entryPoint, 0o755);
  await storage.buildah('config', '--entrypoint', '["docker-entrypoint.sh"]', '--cmd', 'node', container);
  await storage.buildah('commit', '--quiet', '--rm', container, BASE_IMAGE);
}

/** npm has the official builds as packages, one a platform. */
async function installNode(destination: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'node-package-'));
  try {
    const archive = await run('npm', ['pack', '--silent', `node-linux-${process.arch}@${NODE_VERSION}`], {
      directory: scratch,
    });
    await run('tar', ['-xzf', archive, 'package/bin/node'], { directory: scratch });
    copyFileSync(join(scratch, 'package/bin/node'), destination);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** An image with the user `node` and not one program, which nothing can run in. */
export async function makeEmptyImage(storage: ImageStorage): Promise<string> {
  const container = await storage.buildah('from', 'scratch');
  const root = await storage.buildah('mount', container);
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'node:x:1000:1000::/home/node:\n');
  writeFileSync(join(root, 'etc/group'), 'node:x:1000:\n');
  await storage.buildah('commit', '--quiet', '--rm', container, 'localhost/empty');
  return 'localhost/empty';
}
