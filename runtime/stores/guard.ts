import { CircuitBreaker } from '../cache/circuit-breaker';
import type { Clock } from '../cache/clock';
import type { Counters } from '../counters';
import type { Log } from '../log';
import type { EntryStore } from './entry-store';
import { isRefusal, StoreError } from './store-error';
import type { LeaseStore, TagStore } from './tag-store';

type Service = 's3' | 'dynamodb';

/** Stands before a service: stops asking it while it is down, and names a missing permission or resource once. */
export class StoreGuard {
  private readonly breaker: CircuitBreaker;
  private readonly named = new Set<string>();

  constructor(
    private readonly service: Service,
    private readonly resource: string,
    clock: Clock,
    counters: Counters,
    private readonly log: Log,
  ) {
    const onChange = (open: boolean): void => {
      if (open) counters.count(`breaker.${service}.opened`);
      if (open) log.warn('cache.storeDown', { service, resource });
      else log.info('cache.storeUp', { service, resource });
    };
    // Without the permission to write, reading goes on.
    this.breaker = new CircuitBreaker(service, clock, onChange, (error) => !isRefusal(error));
  }

  get isOpen(): boolean {
    return this.breaker.isOpen;
  }

  /** A request gave up waiting for the service. */
  gaveUp(): void {
    this.breaker.gaveUp();
  }

  run<Result>(call: () => Promise<Result>): Promise<Result> {
    return this.breaker.run(() => this.watch(call));
  }

  /** Calls though the service may be down, and learns from the answer: for writes behind an answer, which would be lost. */
  insist<Result>(call: () => Promise<Result>): Promise<Result> {
    return this.breaker.insist(() => this.watch(call));
  }

  /** Calls whether the service is down or not: what may not be given up. */
  async watch<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof StoreError) this.name(error);
      throw error;
    }
  }

  private name({ operation, failure, cause }: StoreError): void {
    if (failure !== 'denied' && failure !== 'missing') return;
    const name = `${operation} ${failure}`;
    if (this.named.has(name)) return;
    this.named.add(name);
    const event = failure === 'denied' ? 'cache.permissionMissing' : 'cache.resourceMissing';
    this.log.error(event, { service: this.service, operation, resource: this.resource, cause });
  }
}

export function guardEntries(store: EntryStore, guard: StoreGuard): EntryStore {
  return {
    get: (key, timeout, unlessEtag) => guard.run(() => store.get(key, timeout, unlessEtag)),
    put: (key, body, condition, timeout) => guard.insist(() => store.put(key, body, condition, timeout)),
  };
}

/** Reads are given up while the table is down; revalidations never are. */
export function guardTags(store: TagStore, guard: StoreGuard): TagStore {
  return {
    changedSince: (since, timeout) => guard.run(() => store.changedSince(since, timeout)),
    rowsOf: (tags, timeout) => guard.run(() => store.rowsOf(tags, timeout)),
    revalidate: (tag, revalidation, attempt, known) =>
      guard.watch(() => store.revalidate(tag, revalidation, attempt, known)),
  };
}

export function guardLeases(store: LeaseStore, guard: StoreGuard): LeaseStore {
  return {
    acquire: (key, holder, duration, attempt) => guard.run(() => store.acquire(key, holder, duration, attempt)),
    release: (key, holder, timeout) => guard.run(() => store.release(key, holder, timeout)),
  };
}
