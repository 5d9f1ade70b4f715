import { Environment } from '../../../contract';
import type { Interference, ServiceCall } from '../../../local/stores';
import { Origin } from '../../fixtures/origin';
import { PackedApp } from '../server/packed-app';
import { StartedServer, until } from '../server/started-server';
import { Stores } from '../server/stores';
import type { Answered, AskOptions } from '../with-server';

/** A call of S3 or DynamoDB by one of a fleet's replicas. */
export interface ReplicaCall extends ServiceCall {
  readonly replica: string;
}

/** Sees every call of the fleet before it is performed; may wait, or interfere. */
export type FleetInterceptor = (
  call: ReplicaCall,
  signal: AbortSignal,
) => Interference | undefined | Promise<Interference | undefined>;

export interface ReplicaOptions {
  /** What this replica's environment has beyond the fleet's. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The image that it runs. @default the fleet's */
  readonly app?: PackedApp;
  /** Arguments of `node` in place of the packed ones. */
  readonly command?: readonly string[];
}

export interface FleetOptions {
  /** Number of replicas that are started with the fleet. @default 3 */
  readonly replicas?: number;
  /** What every replica's environment has beyond what a task definition sets. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Stores that outlive the fleet, or that another one uses too. @default its own */
  readonly stores?: Stores;
}

/** Which calls to count; what is left out does not matter. */
export interface CallFilter {
  readonly replica?: Replica;
  readonly service?: ServiceCall['service'];
  /** For example `GetObject`, `PutObject`; `Query` reads tags, `UpdateItem` revalidates one, `PutItem` takes a lease. */
  readonly operation?: string;
  /** Part of the object's key that says what it holds. */
  readonly group?: 'response' | 'fetch' | 'use-cache' | 'image';
}

/** Environment of replicas that wait for their stores however busy the machine is: where these do answer, and a test relies on it. */
export const PATIENT: Readonly<Record<string, string>> = { [Environment.CACHE_BUDGET]: '10000' };

/** An answer, and the key under which S3 has it. */
export interface Rendered extends Answered {
  readonly objectKey: string;
}

/** One server of a fleet. Its calls of AWS are signed by its name. */
export class Replica {
  constructor(
    readonly name: string,
    readonly server: StartedServer,
  ) {}

  /** Follows Next's redirect to the right `_rsc` of a payload, which its router sends of itself. */
  async ask(target: string, options?: AskOptions): Promise<Answered> {
    const answer = await this.server.ask(target, options);
    const { location } = answer.headers;
    return answer.status === 307 && location?.includes('_rsc') === true ? this.server.ask(location, options) : answer;
  }

  post(target: string, body: object): Promise<Answered> {
    const headers = { 'content-type': 'application/json' };
    return this.ask(target, { method: 'POST', headers, body: JSON.stringify(body) });
  }
}

/** Servers of one packed app on one S3, one DynamoDB and one origin of data. */
export class Fleet {
  static async start(app: PackedApp, { replicas = 3, environment = {}, stores }: FleetOptions = {}): Promise<Fleet> {
    const origin = await Origin.start();
    const fleet = new Fleet(app, stores ?? (await Stores.start()), stores === undefined, origin, environment);
    await Promise.all(Array.from({ length: replicas }, () => fleet.add()));
    return fleet;
  }

  /** In the order of their names: `replica-1`, `replica-2`, … */
  readonly replicas: Replica[] = [];
  /** Every call since the start or the last {@link forgetCalls}. */
  readonly calls: ReplicaCall[] = [];
  /** Replaceable at any time. */
  interceptor: FleetInterceptor | undefined;
  private added = 0;

  private constructor(
    readonly app: PackedApp,
    readonly stores: Stores,
    private readonly ownsStores: boolean,
    readonly origin: Origin,
    private readonly environment: Readonly<Record<string, string>>,
  ) {
    for (const { calls } of [stores.s3, stores.dynamoDb]) {
      calls.interceptor = (call, signal) => this.intercept(call, signal);
    }
  }

  /** Starts one more replica and waits until it is healthy. */
  async add({ environment, app = this.app, command }: ReplicaOptions = {}): Promise<Replica> {
    this.added += 1;
    const name = `replica-${this.added}`;
    const server = await StartedServer.start(app, {
      environment: {
        ...this.stores.environment,
        FIXTURE_ORIGIN: this.origin.url,
        ...this.environment,
        ...environment,
        AWS_ACCESS_KEY_ID: name,
      },
      ...(command && { command }),
    });
    const replica = new Replica(name, server);
    this.replicas.push(replica);
    this.replicas.sort((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true }));
    return replica;
  }

  /** The replica at that place, counted from 0. */
  at(index: number): Replica {
    const replica = this.replicas[index];
    if (replica === undefined) throw new Error(`test/runtime/fleet: there are ${this.replicas.length} replicas`);
    return replica;
  }

  /** Ends a replica at once, as `kill -9` does. */
  async kill(replica: Replica): Promise<void> {
    this.replicas.splice(this.replicas.indexOf(replica), 1);
    await replica.server.kill();
  }

  count({ replica, service, operation, group }: CallFilter = {}): number {
    return this.calls.filter(
      (call) =>
        (replica === undefined || call.replica === replica.name) &&
        (service === undefined || call.service === service) &&
        (operation === undefined || call.operation === operation) &&
        (group === undefined || call.key?.includes(`/${group}/`) === true),
    ).length;
  }

  forgetCalls(): void {
    this.calls.length = 0;
  }

  /** Does `work` and waits until that many objects that it has led to are in S3: writes go behind the answer. */
  async written<Result>(
    work: () => Promise<Result>,
    { objects = 1, group = 'response' }: { readonly objects?: number; readonly group?: CallFilter['group'] } = {},
  ): Promise<Result> {
    const puts = (): number => this.count({ operation: 'PutObject', group });
    const before = puts();
    const result = await work();
    await until(() => puts() >= before + objects && this.stores.s3.calls.running === 0);
    return result;
  }

  /** Has a replica render what is not in S3, and waits until it is, with the data that it is rendered over. */
  async render(
    replica: Replica,
    target: string,
    { over, ...options }: AskOptions & { readonly over?: CallFilter['group'] } = {},
  ): Promise<Rendered> {
    const before = new Set(this.stores.keys);
    const madeKey = (group: CallFilter['group']): string | undefined =>
      this.stores.keys.find((key) => key.includes(`/${group}/`) && !before.has(key));
    const answer = await replica.ask(target, options);
    let objectKey: string | undefined;
    await until(() => {
      objectKey = madeKey('response');
      return objectKey !== undefined && (over === undefined || madeKey(over) !== undefined);
    });
    return { ...answer, objectKey: objectKey ?? '' };
  }

  /** Ends everything; how the replicas end does not matter. */
  async stop(): Promise<void> {
    await Promise.all(this.replicas.map((replica) => replica.server.kill()));
    await Promise.all([this.origin.close(), this.ownsStores ? this.stores.close() : undefined]);
  }

  private intercept(call: ServiceCall, signal: AbortSignal): ReturnType<FleetInterceptor> {
    if (call.accessKeyId === undefined) return undefined;
    const known = { ...call, replica: call.accessKeyId };
    this.calls.push(known);
    return this.interceptor?.(known, signal);
  }
}
