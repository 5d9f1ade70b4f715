import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { run } from './command';

export interface BuildOptions {
  /** The build context. */
  readonly directory: string;
  /** Relative to the context. @default 'Dockerfile' */
  readonly dockerfile?: string;
  /** For example `linux/arm64`. @default - this machine's */
  readonly platform?: string;
  readonly buildArguments?: Readonly<Record<string, string>>;
  /** The moment that every file, and the image itself, is said to be of, in seconds since the epoch. @default - when they were made */
  readonly timestamp?: number;
}

/** Images and containers apart from the machine's own, in a folder that is gone afterwards; no daemon is asked. */
export class ImageStorage {
  static create(): ImageStorage {
    return new ImageStorage(mkdtempSync(join(tmpdir(), 'image-storage-')));
  }

  private constructor(private readonly directory: string) {}

  /** What both programs need to be told; `vfs` works on every file system and in every container. */
  private get place(): string[] {
    const { directory } = this;
    return ['--root', join(directory, 'root'), '--runroot', join(directory, 'run'), '--storage-driver', 'vfs'];
  }

  buildah(...args: readonly string[]): Promise<string> {
    return run('buildah', [...this.place, ...args]);
  }

  podman(...args: readonly string[]): Promise<string> {
    return run('podman', this.podmanArguments(args));
  }

  /** For a `podman` whose output is to be heard while it runs. */
  podmanArguments(args: readonly string[]): string[] {
    return [...this.place, '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', ...args];
  }

  /** Builds as `docker build` does, but pulls nothing. Fulfilled with the image's id, which is the digest of all that it is. */
  async build(options: BuildOptions): Promise<string> {
    const { directory, dockerfile = 'Dockerfile', platform, buildArguments = {}, timestamp } = options;
    const output = await this.buildah(
      ...['bud', '--isolation', 'chroot', '--pull-never', '--quiet', '--file', join(directory, dockerfile)],
      ...(platform === undefined ? [] : ['--platform', platform]),
      ...(timestamp === undefined ? [] : ['--timestamp', String(timestamp)]),
      ...Object.entries(buildArguments).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
      directory,
    );
    return output.split('\n').at(-1) ?? '';
  }

  /** Fulfilled with a folder that shows the image's files. */
  mount(image: string): Promise<string> {
    return this.podman('image', 'mount', image);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
