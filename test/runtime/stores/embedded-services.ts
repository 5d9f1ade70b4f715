import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';

import { Table } from '../../../contract';
import { CallLog, DynamoDbServer, S3Server, type TableDefinition } from '../../../local/stores';

export const BUCKET = 'cache';
export const TABLE = 'cache';
/** The cache's table, as the constructs make it. */
export const TABLE_DEFINITION: TableDefinition = {
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
};

/** S3 and DynamoDB on loopback, with the bucket and the table that the constructs make. */
export class EmbeddedServices {
  static async start(): Promise<EmbeddedServices> {
    const calls = new CallLog();
    const [s3, dynamoDb] = await Promise.all([S3Server.start({ calls }), DynamoDbServer.start({ calls })]);
    s3.createBucket(BUCKET);
    dynamoDb.createTable(TABLE_DEFINITION);
    return new EmbeddedServices(calls, s3, dynamoDb);
  }

  private readonly credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

  private constructor(
    readonly calls: CallLog,
    readonly s3: S3Server,
    readonly dynamoDb: DynamoDbServer,
  ) {}

  makeS3Client(): S3Client {
    const { credentials } = this;
    return new S3Client({
      endpoint: this.s3.endpoint,
      region: 'us-east-1',
      credentials,
      forcePathStyle: true,
      maxAttempts: 1,
    });
  }

  makeDynamoDbClient(): DynamoDBClient {
    const { credentials } = this;
    return new DynamoDBClient({ endpoint: this.dynamoDb.endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  }

  async close(): Promise<void> {
    await Promise.all([this.s3.close(), this.dynamoDb.close()]);
  }
}
