import { Stores } from '../../../local/stack/stores';
import type { ServiceCall } from '../../../local/stores';
import type { ImageStorage } from './image-storage';
import type { Task } from './task';
import { TaskContainer } from './task-container';

/** Containers of one task definition, with the bucket and the table of its template on this machine. */
export class RunningSite {
  static async start(storage: ImageStorage, image: string, task: Task): Promise<RunningSite> {
    const calls: ServiceCall[] = [];
    const interceptor = (call: ServiceCall): undefined => void calls.push(call);
    const stores = await Stores.start(task.stack, { interceptor });
    stores.create(task.stack);
    return new RunningSite(storage, image, task, stores, calls);
  }

  private readonly containers: TaskContainer[] = [];

  private constructor(
    private readonly storage: ImageStorage,
    private readonly image: string,
    readonly task: Task,
    private readonly stores: Stores,
    private readonly calls: readonly ServiceCall[],
  ) {}

  /** One more container, whose calls are signed by that name. */
  async add(name: string, environment: Readonly<Record<string, string>> = {}): Promise<TaskContainer> {
    const container = await TaskContainer.start(this.storage, {
      image: this.image,
      task: this.task,
      environment: { ...this.stores.environment, ...environment, AWS_ACCESS_KEY_ID: name },
    });
    this.containers.push(container);
    return container;
  }

  /** How often the container of that name has called an operation on an object or row whose key contains a text. */
  count(name: string, operation: string, key = ''): number {
    return this.calls.filter(
      (call) => call.accessKeyId === name && call.operation === operation && (call.key ?? '').includes(key),
    ).length;
  }

  /** Whether every call was answered. */
  get isQuiet(): boolean {
    return this.stores.s3.calls.running === 0;
  }

  async stop(): Promise<void> {
    for (const container of this.containers) await container.remove();
    await this.stores.close();
  }
}
