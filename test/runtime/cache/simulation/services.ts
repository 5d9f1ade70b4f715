import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { S3Client } from '@aws-sdk/client-s3';

import { Table } from '../../../../contract';
import { Database } from '../../../../local/stores/dynamodb/database';
import { OPERATIONS } from '../../../../local/stores/dynamodb/operations';
import type { Stores } from '../../../../runtime/cache';
import type { TableClock } from '../../../../runtime/cache/clock';
import type { Configuration } from '../../../../runtime/configuration';
import { DynamoDbLeaseStore } from '../../../../runtime/stores/dynamodb-lease-store';
import { DynamoDbTagStore } from '../../../../runtime/stores/dynamodb-tag-store';
import { S3EntryStore } from '../../../../runtime/stores/s3-entry-store';
import { TABLE, TABLE_DEFINITION, type EmbeddedServices } from '../../stores/embedded-services';
import { MapEntryStore, MapLeaseStore, MapTagStore } from '../../stores/map-stores';
import type { Random } from './random';
import type { Client, Command, SharedStores, SimulatedLink } from './simulated-link';
import type { VirtualTime } from './virtual-time';

/** What is at the other end of every replica's link. */
export interface Services {
  /** For the links that go straight to stores. */
  readonly shared: SharedStores;
  /** A replica's stores. */
  storesOf(link: SimulatedLink, tableClock: TableClock, configuration: Configuration): Stores;
}

/** Hears of every tag whose row was written. */
export type TagWritten = (tag: string) => void;

/** Stores in maps: the fastest, and what the contract suite holds the real ones against. */
export class MapServices implements Services {
  readonly shared: SharedStores;

  constructor(written: TagWritten) {
    this.shared = { entries: new MapEntryStore(), tags: new ListenedTagStore(written), leases: new MapLeaseStore() };
  }

  storesOf(link: SimulatedLink, tableClock: TableClock): Stores {
    return link.stores(tableClock);
  }
}

class ListenedTagStore extends MapTagStore {
  constructor(private readonly written: TagWritten) {
    super();
  }

  override revalidate(...[tag, ...rest]: Parameters<MapTagStore['revalidate']>): ReturnType<MapTagStore['revalidate']> {
    this.written(tag);
    return super.revalidate(tag, ...rest);
  }
}

/**
 * The table's real stores over the local stack's DynamoDB, called in process: shards are read one by one, pages end early, batches are
 * left half done, and conditions fail, each with a way there and back of its own. The SDK and HTTP are left out.
 */
export class TableServices implements Services {
  readonly shared: SharedStores;
  private readonly dynamoDb: Client;

  constructor(random: Random, written: TagWritten) {
    this.shared = { entries: new MapEntryStore(), tags: new MapTagStore(), leases: new MapLeaseStore() };
    this.dynamoDb = new TableInProcess(random, written);
  }

  storesOf(link: SimulatedLink, tableClock: TableClock, configuration: Configuration): Stores {
    const client = link.client('dynamodb', this.dynamoDb, tableClock);
    return { ...link.stores(tableClock), ...tableStores(client, configuration) };
  }
}

class TableInProcess implements Client {
  private readonly database = new Database({ region: 'us-east-1', account: '000000000000', now: () => 0 });

  constructor(
    private readonly random: Random,
    private readonly written: TagWritten,
  ) {
    this.database.create(TABLE_DEFINITION);
  }

  send(command: Command): Promise<unknown> {
    const operation = operationOf(command);
    try {
      const perform = OPERATIONS[operation];
      if (perform === undefined) throw new Error(`simulation: DynamoDB has no operation '${operation}'`);
      const answer = perform(this.database, this.narrowed(operation, command.input));
      if (operation === 'UpdateItem') this.written(tagOf(command));
      return Promise.resolve(answer);
    } catch (error) {
      // The SDK names its errors by the API's codes.
      if (error instanceof Error && 'code' in error) error.name = String(error.code);
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** A page may end anywhere, and does. */
  private narrowed(operation: string, input: object): Record<string, unknown> {
    return operation === 'Query' && this.random.chance(0.2) ? { ...input, Limit: 2 } : { ...input };
  }
}

/** What of an answer is still on its way when the call has settled. */
interface Streamed {
  Body?: { transformToByteArray(): Promise<Uint8Array> };
}

/** Everything that is real: the stores, the SDK, HTTP, and the local stack's servers. Slow. */
export class EmbeddedAws implements Services {
  readonly shared = { entries: new MapEntryStore(), tags: new MapTagStore(), leases: new MapLeaseStore() };

  /** For runs one after the other: each has a bucket and a site of its own. */
  static of(services: EmbeddedServices): (time: VirtualTime, written: TagWritten) => EmbeddedAws {
    const s3 = services.makeS3Client() as unknown as Client;
    const dynamoDb = services.makeDynamoDbClient() as unknown as Client;
    let runs = 0;
    return (time, written) => {
      runs += 1;
      const site = `site-${String(runs)}`;
      services.s3.createBucket(site);
      return new EmbeddedAws(site, outside(s3, time), outside(dynamoDb, time, written));
    };
  }

  private constructor(
    private readonly site: string,
    private readonly s3: Client,
    private readonly dynamoDb: Client,
  ) {}

  storesOf(link: SimulatedLink, tableClock: TableClock, configuration: Configuration): Stores {
    const s3 = link.client('s3', this.s3, tableClock) as unknown as S3Client;
    const dynamoDb = link.client('dynamodb', this.dynamoDb, tableClock);
    return {
      entries: new S3EntryStore(() => s3, this.site),
      ...tableStores(dynamoDb, { ...configuration, site: this.site }),
    };
  }
}

/** A client whose calls take no virtual time, however long they take. */
function outside(client: Client, time: VirtualTime, written?: TagWritten): Client {
  return {
    send: async (command) => {
      const answer = await time.outside(client.send(command).then(readWhole));
      if (operationOf(command) === 'UpdateItem') written?.(tagOf(command));
      return answer;
    },
  };
}

/** A body is read outside of virtual time, too: it would pass meanwhile. */
async function readWhole(answer: unknown): Promise<unknown> {
  const { Body: body } = answer as Streamed;
  if (body === undefined) return answer;
  const bytes = await body.transformToByteArray();
  return { ...(answer as object), Body: { transformToByteArray: () => Promise.resolve(bytes) } };
}

function tableStores(client: Client, { site, tagShards }: Configuration): Pick<Stores, 'tags' | 'leases'> {
  const dynamoDb = client as unknown as DynamoDBClient;
  return {
    tags: new DynamoDbTagStore(() => dynamoDb, TABLE, site, tagShards),
    leases: new DynamoDbLeaseStore(() => dynamoDb, TABLE, site),
  };
}

function operationOf(command: Command): string {
  return command.constructor.name.replace(/Command$/, '');
}

/** The row of an UpdateItem: only tags are updated. */
function tagOf({ input }: Command): string {
  const { Key: key } = input as { Key?: Record<string, { S?: string }> };
  return key?.[Table.SORT_KEY]?.S ?? '';
}
