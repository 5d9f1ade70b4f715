import type { TraceCall } from '../../contract';
import type { EntryStore } from '../stores/entry-store';
import { StoreError } from '../stores/store-error';
import type { LeaseStore, TagStore } from '../stores/tag-store';
import type { Trace } from './trace';

interface TracedStores {
  readonly entries: EntryStore;
  readonly tags: TagStore;
  readonly leases: LeaseStore;
}

type Call = Pick<TraceCall, 'service' | 'operation' | 'subject'>;

/** Stores that say what they were asked, and what they answered. */
export function traceStores<Stores extends TracedStores>(stores: Stores, trace: Trace): Stores {
  const watch = async <Result>(
    call: Call,
    work: Promise<Result>,
    answer: (result: Result) => string,
  ): Promise<Result> => {
    const startedAt = performance.now();
    const tell = (text: string, outcome: Pick<TraceCall, 'hasFailed'> = {}): void => {
      trace.note({ kind: 'call', ...call, answer: text, ...outcome, milliseconds: performance.now() - startedAt });
    };
    try {
      const result = await work;
      tell(answer(result));
      return result;
    } catch (error) {
      tell(error instanceof StoreError ? error.failure : String(error), { hasFailed: true });
      throw error;
    }
  };
  const { entries, tags, leases } = stores;
  return {
    ...stores,
    entries: {
      get: (key, timeout, unlessEtag) =>
        watch({ service: 's3', operation: 'GetObject' }, entries.get(key, timeout, unlessEtag), (object) =>
          object === undefined ? 'not there' : object === 'unchanged' ? 'unchanged' : `${object.body.length} bytes`,
        ),
      put: (key, body, condition, timeout) =>
        watch({ service: 's3', operation: 'PutObject' }, entries.put(key, body, condition, timeout), (result) =>
          result === 'conflict' ? 'another one is there' : `${body.length} bytes written`,
        ),
    },
    tags: {
      changedSince: (since, timeout) =>
        watch({ service: 'dynamodb', operation: 'Query' }, tags.changedSince(since, timeout), rowCount),
      rowsOf: (names, timeout) =>
        watch({ service: 'dynamodb', operation: 'BatchGetItem' }, tags.rowsOf(names, timeout), rowCount),
      revalidate: (tag, revalidation, attempt, known) =>
        watch(
          { service: 'dynamodb', operation: 'UpdateItem', subject: tag },
          tags.revalidate(tag, revalidation, attempt, known),
          ({ version }) => `${revalidation.kind === 'expire' ? 'expired' : 'stale'}, version ${version}`,
        ),
    },
    leases: {
      acquire: (key, holder, duration, attempt) =>
        watch(
          { service: 'dynamodb', operation: 'PutItem', subject: 'the lease' },
          leases.acquire(key, holder, duration, attempt),
          (taken) => (taken ? 'taken' : 'another task has it'),
        ),
      release: (key, holder, timeout) =>
        watch(
          { service: 'dynamodb', operation: 'DeleteItem', subject: 'the lease' },
          leases.release(key, holder, timeout),
          () => 'given back',
        ),
    },
  };
}

function rowCount({ length }: readonly unknown[]): string {
  return length === 1 ? '1 tag' : `${length} tags`;
}
