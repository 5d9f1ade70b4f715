import type { Clock, TableClock } from '../../../../runtime/cache/clock';
import type { Stores } from '../../../../runtime/cache';
import type { EntryStore } from '../../../../runtime/stores/entry-store';
import { StoreError } from '../../../../runtime/stores/store-error';
import type { LeaseStore, TagStore } from '../../../../runtime/stores/tag-store';
import type { Random } from './random';
import type { VirtualTime } from './virtual-time';

/** How badly a replica's connections to the stores behave just now: probabilities a call. */
export interface Weather {
  /** The call is not performed and fails at once. */
  readonly refused: number;
  /** The call is performed, and its answer never comes. */
  readonly lost: number;
  /** Neither is performed nor answered. */
  readonly hung: number;
  /** Longest way, each direction, in milliseconds. */
  readonly latency: number;
}

export const FINE: Weather = { refused: 0, lost: 0, hung: 0, latency: 20 };

/** The stores that all replicas share. */
export interface SharedStores {
  readonly entries: EntryStore;
  readonly tags: TagStore;
  readonly leases: LeaseStore;
}

/** A call of an AWS API, as the SDK's clients take it. */
export interface Command {
  readonly constructor: { readonly name: string };
  readonly input: object;
}

/** What the stores need of the SDK's clients. */
export interface Client {
  send(command: Command, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
}

type Service = 's3' | 'dynamodb';

/** How a call ends early: registers what then rejects it, and returns what revokes that. */
type Expiry = (reject: (error: unknown) => void) => () => void;

/** One replica's way to the stores: it takes time, it fails, and the table's answers carry its `Date`. */
export class SimulatedLink {
  weather = FINE;
  private cut = false;

  constructor(
    private readonly time: VirtualTime,
    private readonly random: Random,
    private readonly shared: SharedStores,
    private readonly clock: Clock,
    private readonly epoch: number,
  ) {}

  /** The replica is gone: what is under way may arrive, nothing comes back. */
  kill(): void {
    this.cut = true;
  }

  /** The shared stores at the other end: one way there and back for each of their calls. */
  stores(tableClock: TableClock): Stores {
    const { entries, tags, leases } = this.shared;
    const through = <Result>(
      service: Service,
      operation: string,
      timeout: number,
      call: () => Promise<Result>,
    ): Promise<Result> => {
      const refusal = (): Error => new StoreError(service, operation, 'throttled');
      const expiry: Expiry = (reject) =>
        this.time.after(timeout, () => {
          reject(new StoreError(service, operation, 'timeout'));
        });
      return service === 's3' ? this.call(call, refusal, expiry) : this.timed(call, refusal, expiry, tableClock);
    };
    return {
      entries: {
        get: (key, timeout, unlessEtag) =>
          through('s3', 'GetObject', timeout, () => entries.get(key, timeout, unlessEtag)),
        put: (key, body, condition, timeout) =>
          through('s3', 'PutObject', timeout, () => entries.put(key, body, condition, timeout)),
      } satisfies EntryStore,
      tags: {
        changedSince: (since, timeout) =>
          through('dynamodb', 'Query', timeout, () => tags.changedSince(since, timeout)),
        rowsOf: (names, timeout) => through('dynamodb', 'BatchGetItem', timeout, () => tags.rowsOf(names, timeout)),
        revalidate: (tag, how, attempt) =>
          through('dynamodb', 'UpdateItem', attempt.timeout, () => tags.revalidate(tag, how, attempt)),
      } satisfies TagStore,
      leases: {
        acquire: (key, holder, duration, attempt) =>
          through('dynamodb', 'PutItem', attempt.timeout, () => leases.acquire(key, holder, duration, attempt)),
        release: (key, holder, timeout) =>
          through('dynamodb', 'DeleteItem', timeout, () => leases.release(key, holder, timeout)),
      } satisfies LeaseStore,
    };
  }

  /** An SDK's client with `client` at the other end: one way there and back for each call of the API. */
  client(service: Service, client: Client, tableClock: TableClock): Client {
    return {
      send: (command, { abortSignal } = {}) => {
        const refusal = (): Error => named(service === 's3' ? 'SlowDown' : 'ThrottlingException');
        const expiry: Expiry = (reject) => {
          const abort = (): void => {
            reject(abortSignal?.reason);
          };
          if (abortSignal?.aborted === true) abort();
          abortSignal?.addEventListener('abort', abort);
          return () => {
            abortSignal?.removeEventListener('abort', abort);
          };
        };
        const call = (): Promise<unknown> => client.send(command);
        return service === 's3' ? this.call(call, refusal, expiry) : this.timed(call, refusal, expiry, tableClock);
      },
    };
  }

  /** A call of the table: its answer tells the time. */
  private async timed<Result>(
    perform: () => Promise<Result>,
    refusal: () => Error,
    expiry: Expiry,
    tableClock: TableClock,
  ): Promise<Result> {
    const sentAt = this.clock.now();
    let date = Number.NaN;
    const told = (): Promise<Result> => {
      date = Math.floor((this.epoch + this.time.now) / 1000) * 1000;
      return perform();
    };
    const result = await this.call(told, refusal, expiry);
    tableClock.observe(sentAt, this.clock.now(), date);
    return result;
  }

  private call<Result>(perform: () => Promise<Result>, refusal: () => Error, expiry: Expiry): Promise<Result> {
    const { random, time, weather } = this;
    const fate = random.next();
    const [there, back] = [random.between(1, weather.latency), random.between(1, weather.latency)];
    return new Promise((resolve, reject) => {
      let ended = false;
      const cancel = expiry((error) => {
        ended = true;
        reject(error instanceof Error ? error : new Error(String(error)));
      });
      const end = (settle: () => void): void => {
        time.after(back, () => {
          if (this.cut) return;
          cancel();
          settle();
        });
      };
      if (fate < weather.refused) {
        end(() => {
          reject(refusal());
        });
        return;
      }
      if (this.cut || fate < weather.refused + weather.hung) return;
      const lost = fate < weather.refused + weather.hung + weather.lost;
      time.after(there, () => {
        // Given up on its way: the connection is closed, and what has not arrived will not. A killed replica's may still arrive.
        if (ended) return;
        perform().then(
          (result) => {
            if (lost) return;
            end(() => {
              resolve(result);
            });
          },
          (error: unknown) => {
            end(() => {
              reject(error instanceof Error ? error : new Error(String(error)));
            });
          },
        );
      });
    });
  }
}

function named(name: string): Error {
  return Object.assign(new Error(`simulated: ${name}`), { name });
}
