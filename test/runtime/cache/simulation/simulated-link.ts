import type { Clock, TableClock } from '../../../../runtime/cache/clock';
import type { EntryStore } from '../../../../runtime/stores/entry-store';
import { StoreError } from '../../../../runtime/stores/store-error';
import type { LeaseStore, TagStore } from '../../../../runtime/stores/tag-store';
import type { Stores } from '../../../../runtime/cache';
import type { MapEntryStore, MapLeaseStore, MapTagStore } from '../../stores/map-stores';
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
  readonly entries: MapEntryStore;
  readonly tags: MapTagStore;
  readonly leases: MapLeaseStore;
}

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

  stores(tableClock: TableClock): Stores {
    const { entries, tags, leases } = this.shared;
    const s3 = <Result>(operation: string, timeout: number, call: () => Promise<Result>): Promise<Result> =>
      this.call('s3', operation, timeout, call);
    const dynamoDb = async <Result>(
      operation: string,
      timeout: number,
      call: () => Promise<Result>,
    ): Promise<Result> => {
      const sentAt = this.clock.now();
      let date = Number.NaN;
      const result = await this.call('dynamodb', operation, timeout, () => {
        date = Math.floor((this.epoch + this.time.now) / 1000) * 1000;
        return call();
      });
      tableClock.observe(sentAt, this.clock.now(), date);
      return result;
    };
    return {
      entries: {
        get: (key, timeout, unlessEtag) => s3('GetObject', timeout, () => entries.get(key, timeout, unlessEtag)),
        put: (key, body, condition, timeout) => s3('PutObject', timeout, () => entries.put(key, body, condition)),
      } satisfies EntryStore,
      tags: {
        changedSince: (since, timeout) => dynamoDb('Query', timeout, () => tags.changedSince(since)),
        rowsOf: (names, timeout) => dynamoDb('BatchGetItem', timeout, () => tags.rowsOf(names)),
        revalidate: (tag, how, attempt) =>
          dynamoDb('UpdateItem', attempt.timeout, () => tags.revalidate(tag, how, attempt)),
      } satisfies TagStore,
      leases: {
        acquire: (key, holder, duration, attempt) =>
          dynamoDb('PutItem', attempt.timeout, () => leases.acquire(key, holder, duration, attempt)),
        release: (key, holder, timeout) => dynamoDb('DeleteItem', timeout, () => leases.release(key, holder)),
      } satisfies LeaseStore,
    };
  }

  private call<Result>(
    service: 's3' | 'dynamodb',
    operation: string,
    timeout: number,
    perform: () => Promise<Result>,
  ): Promise<Result> {
    const { random, time, weather } = this;
    const fate = random.next();
    const [there, back] = [random.between(1, weather.latency), random.between(1, weather.latency)];
    return new Promise((resolve, reject) => {
      const cancel = time.after(timeout, () => {
        reject(new StoreError(service, operation, 'timeout'));
      });
      if (fate < weather.refused) {
        cancel();
        time.after(there, () => {
          reject(new StoreError(service, operation, 'throttled'));
        });
        return;
      }
      if (fate < weather.refused + weather.hung || this.cut) return;
      const lost = fate < weather.refused + weather.hung + weather.lost;
      time.after(there, () => {
        void perform().then((result) => {
          if (lost || this.cut) return;
          time.after(back, () => {
            cancel();
            resolve(result);
          });
        }, reject);
      });
    });
  }
}
