import { randomUUID } from 'node:crypto';
import { itemSize, type Item } from './attribute-value';
import type { ItemChange } from './table';
import type { StreamViewType } from './table-definition';

/** A record as Lambda hands it to a function: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
export interface StreamRecord {
  readonly eventID: string;
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly eventVersion: '1.1';
  readonly eventSource: 'aws:dynamodb';
  readonly awsRegion: string;
  readonly eventSourceARN: string;
  readonly dynamodb: {
    /** In seconds since the epoch. */
    readonly ApproximateCreationDateTime: number;
    readonly Keys: Item;
    readonly NewImage?: Item;
    readonly OldImage?: Item;
    /** Grows from record to record; of one length, so that texts order as the numbers do. */
    readonly SequenceNumber: string;
    readonly SizeBytes: number;
    readonly StreamViewType: StreamViewType;
  };
}

export interface StreamOptions {
  readonly arn: string;
  readonly region: string;
  readonly viewType: StreamViewType;
  /** In milliseconds since the epoch. */
  readonly now: () => number;
}

type Listener = (record: StreamRecord) => void;

const SEQUENCE_DIGITS = 21;

/**
 * The changes of a table, in the order in which they were made: as one shard, which orders more than AWS does (there only changes of
 * one item are ordered). Records are not kept: who subscribes hears what comes.
 */
export class TableStream {
  private readonly listeners = new Set<Listener>();
  private sequence = 0;

  constructor(private readonly options: StreamOptions) {}

  get arn(): string {
    return this.options.arn;
  }

  /** Calls the listener within the write, before the write is answered; it must not throw. Returns how to stop. */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  publish(change: ItemChange): void {
    this.sequence++;
    const record = this.record(change);
    for (const listener of this.listeners) listener(record);
  }

  private record({ key, oldImage, newImage }: ItemChange): StreamRecord {
    const { viewType, region, arn, now } = this.options;
    const images = {
      ...(newImage && (viewType === 'NEW_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES') && { NewImage: newImage }),
      ...(oldImage && (viewType === 'OLD_IMAGE' || viewType === 'NEW_AND_OLD_IMAGES') && { OldImage: oldImage }),
    };
    return {
      eventID: randomUUID().replaceAll('-', ''),
      eventName: !oldImage ? 'INSERT' : !newImage ? 'REMOVE' : 'MODIFY',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: region,
      eventSourceARN: arn,
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(now() / 1000),
        Keys: key,
        ...images,
        SequenceNumber: String(this.sequence).padStart(SEQUENCE_DIGITS, '0'),
        SizeBytes: [key, ...Object.values(images)].reduce((sum, image) => sum + itemSize(image), 0),
        StreamViewType: viewType,
      },
    };
  }
}
