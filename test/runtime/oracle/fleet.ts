import { Environment } from '../../../contract';
import type { PackedApp } from '../server/packed-app';
import { StartedServer } from '../server/started-server';
import type { Stores } from '../server/stores';
import type { Answered } from '../with-server';
import { isPrefetch } from './plain-next';
import { askOptions, settled, type Side, type SideOptions } from './side';

const REPLICAS = 3;
/** What Next says of an answer when a new rendering of it is kept. */
const RENDERED = new Set(['MISS', 'STALE', 'REVALIDATED']);

/** Replicas of a packed app on one S3 and one DynamoDB; each request goes to the next one. */
export class Fleet implements Side {
  static async start(app: PackedApp, stores: Stores, environment: Readonly<Record<string, string>>): Promise<Fleet> {
    const options = {
      // A replica that has not yet heard of a revalidation may serve the old content for this long: here, never.
      environment: { ...stores.environment, [Environment.CACHE_WINDOW]: '0', ...environment },
    };
    const starting = Array.from({ length: REPLICAS }, () => StartedServer.start(app, options));
    return new Fleet(await Promise.all(starting), stores);
  }

  readonly name = 'the fleet';
  private asked = 0;

  private constructor(
    readonly servers: readonly StartedServer[],
    private readonly stores: Stores,
  ) {}

  async ask(target: string, options: SideOptions = {}): Promise<Answered> {
    const server = this.servers[this.asked % this.servers.length];
    if (server === undefined) throw new Error('test/runtime/oracle: the fleet has no servers');
    this.asked += 1;
    const before = this.stores.objects();
    const valuesBefore = this.stores.objects(['use-cache']);
    const answer = await server.ask(target, askOptions(server.port, options));
    const isRendered = RENDERED.has(String(answer.headers['x-nextjs-cache'])) && !isPrefetch(options);
    if (isRendered || options.makesShell === true) {
      await settled('a replica has stored what it rendered', () =>
        this.stores.objects().some((object) => !before.includes(object)),
      );
    }
    if (options.makesValue === true) {
      await settled('a replica has stored the value that it generated', () =>
        this.stores.objects(['use-cache']).some((object) => !valuesBefore.includes(object)),
      );
    }
    await settled('no replica holds a lease', () => this.leasesHeld() === 0);
    return answer;
  }

  async kill(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.kill()));
  }

  /** Requests come one after the other, so no lease is ever refused. */
  private leasesHeld(): number {
    const { PutItem = 0, DeleteItem = 0 } = this.stores.calls.snapshot().dynamodb ?? {};
    return PutItem - DeleteItem;
  }
}
