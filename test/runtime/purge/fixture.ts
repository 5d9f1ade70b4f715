import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { onTestFinished, vi } from 'vitest';
import { DynamoDbServer, S3Server, type StreamRecord, type TableDefinition } from '../../../local/stores';
import { createLog } from '../../../runtime/log';
import { cloudFrontSender } from '../../../runtime/purge/cloudfront';
import { readPurgeConfiguration, type PurgeConfiguration } from '../../../runtime/purge/configuration';
import type { BatchResult } from '../../../runtime/purge/events';
import { Invalidator } from '../../../runtime/purge/invalidator';
import { keptInBucket } from '../../../runtime/purge/kept';
import { Purger, type ReplayResult } from '../../../runtime/purge/purger';
import { DynamoDbTagStore } from '../../../runtime/stores/dynamodb-tag-store';
import { CloudFront } from './cloudfront';

const TABLE = 'rows';
const BUCKET = 'kept';
const SITE = 'shop';

/** 2026-01-01, and a half second. */
const START = 1_767_225_600_500;

/** The function's timeout. */
const TIMEOUT = 300_000;

/** Time that passes only where somebody sleeps. */
export class VirtualClock {
  private moment = START;
  /** What happens meanwhile. */
  onSleep: () => Promise<void> = () => Promise.resolve();
  readonly now = (): number => this.moment;

  async sleep(milliseconds: number): Promise<void> {
    this.moment += Math.max(0, milliseconds);
    await this.onSleep();
  }
}

/** The purge function between real servers: DynamoDB whose stream it is fed with, CloudFront, and S3. */
export class World {
  static async start(configuration: Partial<PurgeConfiguration> = {}): Promise<World> {
    const clock = new VirtualClock();
    const { now } = clock;
    const [dynamoDb, s3, cloudFront] = await Promise.all([
      DynamoDbServer.start({ now }),
      S3Server.start({ now }),
      CloudFront.start(now),
    ]);
    s3.createBucket(BUCKET);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint);
    vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFRONT', cloudFront.endpoint);
    const world = new World(clock, dynamoDb, s3, cloudFront, configuration);
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await Promise.all([dynamoDb.close(), s3.close(), cloudFront.close()]);
    });
    return world;
  }

  /** What the table's stream has told and nobody has taken yet. */
  readonly records: StreamRecord[] = [];
  readonly lines: string[] = [];
  readonly metrics: Record<string, number>[] = [];
  private purger: Purger;

  private constructor(
    readonly clock: VirtualClock,
    private readonly dynamoDb: DynamoDbServer,
    readonly s3: S3Server,
    readonly cloudFront: CloudFront,
    private readonly configuration: Partial<PurgeConfiguration>,
  ) {
    dynamoDb.createTable(ROWS);
    dynamoDb.tryFindStream(TABLE)?.subscribe((record) => this.records.push(record));
    this.purger = this.createPurger();
  }

  get client(): DynamoDBClient {
    const client = new DynamoDBClient({
      endpoint: this.dynamoDb.endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'key', secretAccessKey: 'secret' },
    });
    onTestFinished(() => {
      client.destroy();
    });
    return client;
  }

  /** Writes the rows as the tasks do. */
  async revalidate(tags: readonly string[], site = SITE, shards = 1): Promise<void> {
    const { client } = this;
    const store = new DynamoDbTagStore(() => client, TABLE, site, shards);
    const attempt = { at: this.clock.now(), timeout: 10_000 };
    for (const tag of tags) await store.revalidate(tag, { kind: 'expire' }, attempt);
  }

  /** Puts such rows, 25 a call: quicker than the tasks' updates. */
  async putRows(tags: readonly string[]): Promise<void> {
    const { client } = this;
    const requests = tags.map((tag) => ({
      PutRequest: { Item: { pk: { S: `${SITE}#tag` }, sk: { S: tag }, updatedAt: { N: String(this.clock.now()) } } },
    }));
    for (let start = 0; start < requests.length; start += 25) {
      const batch = requests.slice(start, start + 25);
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TABLE]: batch } }));
    }
  }

  /** Takes all records from the stream. */
  takeRecords(): StreamRecord[] {
    return this.records.splice(0);
  }

  invoke(event: unknown): Promise<BatchResult | ReplayResult | undefined> {
    const deadline = this.clock.now() + TIMEOUT;
    return this.purger.handle(event, { getRemainingTimeInMillis: () => deadline - this.clock.now() });
  }

  /**
   * Hands records over until they are done with, as an event source mapping does: again from the first that failed, or all after an
   * error, in halves. Fulfilled with the number of invocations.
   */
  async deliver(records: readonly StreamRecord[]): Promise<number> {
    let invocations = 0;
    const parts: (readonly StreamRecord[])[] = [records];
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (invocations++ > 1000) throw new Error('it never ends');
      const left = await this.attempt(part);
      if (left === 'crashed') {
        this.restart();
        const middle = Math.ceil(part.length / 2);
        parts.unshift(...(part.length > 1 ? [part.slice(0, middle), part.slice(middle)] : [part]));
      } else if (left.length > 0) {
        parts.unshift(left);
      }
    }
    return invocations;
  }

  /** A new process of the function. */
  restart(): void {
    this.purger = this.createPurger();
  }

  /** The sum of a metric over all invocations. */
  total(name: string): number {
    return this.metrics.reduce((sum, line) => sum + (line[name] ?? 0), 0);
  }

  keptKeys(): readonly string[] {
    return this.s3.keys(BUCKET);
  }

  putKept(key: string, body: unknown): void {
    this.s3.putObject(BUCKET, key, { body: Buffer.from(JSON.stringify(body)) });
  }

  private async attempt(records: readonly StreamRecord[]): Promise<readonly StreamRecord[] | 'crashed'> {
    try {
      const { batchItemFailures } = (await this.invoke({ Records: records })) as BatchResult;
      const failed = batchItemFailures[0]?.itemIdentifier;
      const position = records.findIndex(({ dynamodb }) => dynamodb.SequenceNumber === failed);
      return position < 0 ? [] : records.slice(position);
    } catch {
      return 'crashed';
    }
  }

  private createPurger(): Purger {
    const configuration = {
      ...readPurgeConfiguration({
        NEXTJS_PURGE_DISTRIBUTION: 'EDIST',
        NEXTJS_PURGE_BUCKET: BUCKET,
        NEXTJS_CACHE_SITE: SITE,
      }),
      ...this.configuration,
    };
    return new Purger({
      configuration,
      invalidator: new Invalidator(cloudFrontSender(configuration.distribution), this.clock),
      kept: keptInBucket(configuration.bucket),
      clock: this.clock,
      log: createLog('info', (line) => this.lines.push(line)),
      writeLine: (line) => this.metrics.push(JSON.parse(line) as Record<string, number>),
    });
  }
}

export const ROWS = {
  TableName: TABLE,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'updatedAt', AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  LocalSecondaryIndexes: [
    {
      IndexName: 'updatedAt',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'updatedAt', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
} satisfies TableDefinition;
