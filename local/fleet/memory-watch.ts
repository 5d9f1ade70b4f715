import { usedBytes } from './memory';

/** A container as the watch sees it. */
export interface WatchedContainer {
  readonly name: string;
  /** Of the leader of its process group; undefined while there is none. */
  readonly pid: number | undefined;
  /** In bytes. @default - only the task's */
  readonly limit?: number;
  /** Ends it. @param reason as ECS words it */
  readonly kill: (reason: string) => void;
}

/** Between two looks, in milliseconds. */
const INTERVAL = 1000;

const MIB = 1024 * 1024;

/**
 * Kills a container that holds more memory than its limit, or the largest one when they together hold more than the task's.
 *
 * Where the kernel ends a container of ECS at the byte that is too many, this looks once a second.
 */
export class MemoryWatch {
  private readonly timer: NodeJS.Timeout;
  private bytes?: number;

  /** @param limit of the task, in bytes */
  constructor(
    private readonly containers: readonly WatchedContainer[],
    private readonly limit: number | undefined,
  ) {
    this.timer = setInterval(() => void this.look(), INTERVAL);
    this.timer.unref();
  }

  /** What the containers held when they were last looked at, in bytes. */
  get used(): number | undefined {
    return this.bytes;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const uses = await Promise.all(
      this.containers.map(async (container) => ({
        container,
        bytes: (container.pid === undefined ? 0 : await usedBytes(container.pid)) ?? 0,
      })),
    );
    this.bytes = uses.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { container, bytes } of uses) {
      if (container.limit !== undefined && bytes > container.limit) kill(container, bytes, container.limit);
    }
    const [largest] = uses.toSorted((one, other) => other.bytes - one.bytes);
    if (this.limit !== undefined && this.bytes > this.limit && largest) kill(largest.container, this.bytes, this.limit);
  }
}

function kill({ kill }: WatchedContainer, bytes: number, limit: number): void {
  const [used, allowed] = [bytes, limit].map((size) => Math.ceil(size / MIB));
  kill(`OutOfMemoryError: container killed due to memory usage, ${used ?? ''} MiB of ${allowed ?? ''} MiB`);
}
