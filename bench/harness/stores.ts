import { setTimeout as delay } from 'node:timers/promises';

import { Environment } from '../../contract';
import { DynamoDbServer, S3Server, type Interceptor, type TableDefinition } from '../../local/stores';
import { TABLE_DEFINITION } from '../../test/runtime/stores/embedded-services';

export const BUCKET = 'cache';
export const OUR_TABLE = TABLE_DEFINITION.TableName;
export const SITE = 'shop';

/** As `NextjsCache` of cdk-nextjs makes it. */
export const CDK_NEXTJS_TABLE: TableDefinition = {
  TableName: 'cdk-nextjs',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
};

/** As OpenNext's reference architecture has it: https://opennext.js.org/aws/reference-implementation */
export const OPEN_NEXT_TABLE: TableDefinition = {
  TableName: 'open-next',
  AttributeDefinitions: [
    { AttributeName: 'tag', AttributeType: 'S' },
    { AttributeName: 'path', AttributeType: 'S' },
    { AttributeName: 'revalidatedAt', AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'tag', KeyType: 'HASH' },
    { AttributeName: 'path', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'revalidate',
      KeySchema: [
        { AttributeName: 'path', KeyType: 'HASH' },
        { AttributeName: 'revalidatedAt', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
};

/** Calls by service and operation: `s3 GetObject`. */
export type Calls = Readonly<Record<string, number>>;

/** One S3 and one DynamoDB for all contenders, each of which signs by its own name. */
export class Stores {
  static async start(): Promise<Stores> {
    const stores = new Stores(await S3Server.start(), await DynamoDbServer.start());
    stores.s3.createBucket(BUCKET);
    for (const table of [TABLE_DEFINITION, CDK_NEXTJS_TABLE, OPEN_NEXT_TABLE]) stores.dynamoDb.createTable(table);
    const interceptor: Interceptor = async ({ service, operation, accessKeyId }) => {
      if (accessKeyId !== undefined) stores.count(accessKeyId, `${service} ${operation}`);
      await stores.hold(operation);
      return undefined;
    };
    stores.s3.calls.interceptor = interceptor;
    stores.dynamoDb.calls.interceptor = interceptor;
    return stores;
  }

  /** Milliseconds by which each answer to an operation is late. */
  readonly delays = new Map<string, number>();
  /** The most calls of an operation that were late at the same time. */
  readonly mostAtOnce = new Map<string, number>();
  private readonly held = new Map<string, number>();
  private readonly counts = new Map<string, Map<string, number>>();

  private constructor(
    readonly s3: S3Server,
    readonly dynamoDb: DynamoDbServer,
  ) {}

  /** What any AWS SDK needs to find these stores, signing by `name`. */
  environment(name: string): Record<string, string> {
    return {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: name,
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_ENDPOINT_URL_S3: this.s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: this.dynamoDb.endpoint,
      [Environment.CACHE_BUCKET]: BUCKET,
      [Environment.CACHE_TABLE]: OUR_TABLE,
      [Environment.CACHE_SITE]: SITE,
    };
  }

  /** The calls of one contender since its start, or since they were forgotten. */
  callsOf(name: string): Calls {
    return Object.fromEntries(this.counts.get(name) ?? []);
  }

  /** How many calls that was altogether, of the services and operations that `matches` names. */
  total(name: string, matches = /./): number {
    return Object.entries(this.callsOf(name)).reduce((sum, [call, count]) => sum + (matches.test(call) ? count : 0), 0);
  }

  forgetCalls(): void {
    this.counts.clear();
  }

  async close(): Promise<void> {
    await Promise.all([this.s3.close(), this.dynamoDb.close()]);
  }

  private async hold(operation: string): Promise<void> {
    const milliseconds = this.delays.get(operation) ?? 0;
    if (milliseconds === 0) return;
    const now = (this.held.get(operation) ?? 0) + 1;
    this.held.set(operation, now);
    this.mostAtOnce.set(operation, Math.max(now, this.mostAtOnce.get(operation) ?? 0));
    await delay(milliseconds);
    this.held.set(operation, (this.held.get(operation) ?? 1) - 1);
  }

  private count(name: string, call: string): void {
    const calls = this.counts.get(name) ?? new Map<string, number>();
    this.counts.set(name, calls.set(call, (calls.get(call) ?? 0) + 1));
  }
}
