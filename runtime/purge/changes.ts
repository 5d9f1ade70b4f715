import { Table } from '../../contract';
import type { StreamRecord } from './events';

/** One tag's revalidations in a batch. */
export interface Change {
  readonly tag: string;
  /** Positions of its records in the batch, in their order. */
  readonly positions: readonly number[];
  /** Names the latest of its records: what a purge of it is recognised by when it is tried again. */
  readonly sequence: string;
  /** Since when the latest of its records may exist, in milliseconds since the epoch. */
  readonly createdAt: number;
}

/** What a batch of stream records says. */
export interface Changes {
  /** In the order of their first records. */
  readonly changes: readonly Change[];
  /** Positions of the records that cannot be understood. */
  readonly unreadable: readonly number[];
}

/** Reads the tags that were revalidated, each once. The leases and the other sites of the table are skipped. */
export function readChanges(records: readonly StreamRecord[], site: string): Changes {
  const changes = new Map<string, Change>();
  const unreadable: number[] = [];
  records.forEach((record, position) => {
    const kind = kindOf(record, site);
    if (kind === 'other') return;
    const change = kind === 'tag' ? readChange(record, position) : undefined;
    if (change === undefined) unreadable.push(position);
    else changes.set(change.tag, merge(changes.get(change.tag), change));
  });
  return { changes: [...changes.values()], unreadable };
}

/** A row is removed by hand at most, and revalidates nothing. */
function kindOf(record: unknown, site: string): 'tag' | 'other' | 'unknown' {
  const { eventName, dynamodb } = (record ?? {}) as StreamRecord;
  if (eventName === 'REMOVE') return 'other';
  const partition = dynamodb?.Keys?.[Table.PARTITION_KEY]?.S;
  if (partition === undefined) return 'unknown';
  return partition === `${site}#tag` || partition.startsWith(`${site}#tag#`) ? 'tag' : 'other';
}

function readChange({ dynamodb }: StreamRecord, position: number): Change | undefined {
  const sortKey = dynamodb?.Keys?.[Table.SORT_KEY]?.S;
  const sequence = dynamodb?.SequenceNumber;
  const created = dynamodb?.ApproximateCreationDateTime;
  if (sortKey === undefined || sequence === undefined || created === undefined) return undefined;
  // A tag too long to be a key stands beside it.
  const tag = dynamodb?.NewImage?.tag?.S ?? sortKey;
  return { tag, positions: [position], sequence, createdAt: created * 1000 };
}

function merge(known: Change | undefined, { tag, positions, sequence, createdAt }: Change): Change {
  if (known === undefined) return { tag, positions, sequence, createdAt };
  return {
    tag,
    positions: [...known.positions, ...positions],
    sequence,
    createdAt: Math.max(known.createdAt, createdAt),
  };
}
