import { Environment, Table } from '../../../contract';
import { CallLog, DynamoDbServer, S3Server } from '../../../local/stores';

export const BUCKET = 'cache';
const TABLE = 'tags';
export const SITE = 'shop';

/** S3 and DynamoDB as the construct sets them up, for servers that a test starts. */
export class Stores {
  static async start(): Promise<Stores> {
    const calls = new CallLog();
    const [s3, dynamoDb] = await Promise.all([S3Server.start({ calls }), DynamoDbServer.start({ calls })]);
    s3.createBucket(BUCKET);
    dynamoDb.createTable({
      TableName: TABLE,
      AttributeDefinitions: [
        { AttributeName: Table.PARTITION_KEY, AttributeType: 'S' },
        { AttributeName: Table.SORT_KEY, AttributeType: 'S' },
        { AttributeName: Table.UPDATED_AT, AttributeType: 'N' },
      ],
      KeySchema: [
        { AttributeName: Table.PARTITION_KEY, KeyType: 'HASH' },
        { AttributeName: Table.SORT_KEY, KeyType: 'RANGE' },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: Table.UPDATED_AT_INDEX,
          KeySchema: [
            { AttributeName: Table.PARTITION_KEY, KeyType: 'HASH' },
            { AttributeName: Table.UPDATED_AT, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    });
    return new Stores(s3, dynamoDb, calls);
  }

  private constructor(
    readonly s3: S3Server,
    readonly dynamoDb: DynamoDbServer,
    readonly calls: CallLog,
  ) {}

  /** What a task definition would set. */
  get environment(): Readonly<Record<string, string>> {
    return {
      [Environment.CACHE_BUCKET]: BUCKET,
      [Environment.CACHE_TABLE]: TABLE,
      [Environment.CACHE_SITE]: SITE,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_S3: this.s3.endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: this.dynamoDb.endpoint,
    };
  }

  /** Keys of the entries that the servers have written. */
  get keys(): readonly string[] {
    return this.s3.keys(BUCKET);
  }

  /** Entries, answers unless other kinds are named, each with the version that is stored: two that differ were written at different times. */
  objects(kinds: readonly string[] = ['response', 'image']): readonly string[] {
    const keys = this.keys.filter((key) => kinds.includes(key.split('/')[2] ?? ''));
    return keys.map((key) => `${key} ${this.s3.tryGetObject(BUCKET, key)?.etag ?? ''}`);
  }

  async close(): Promise<void> {
    await Promise.all([this.s3.close(), this.dynamoDb.close()]);
  }
}
