import { DynamoDBClient, DynamoDBServiceException } from '@aws-sdk/client-dynamodb';
import type { TableDefinition } from '../../../local/stores';

export function clientOf({ endpoint }: { readonly endpoint: string }): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'replica-1', secretAccessKey: 'secret' },
  });
}

/** The error that a call ends with. */
export async function failure(call: Promise<unknown>): Promise<DynamoDBServiceException> {
  const error: unknown = await call.then(
    () => new Error('The call succeeded'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof DynamoDBServiceException)) throw error;
  return error;
}

/** A table as the cache has it, with a global index beside its local one. */
export const TAGS = {
  TableName: 'tags',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'updatedAt', AttributeType: 'N' },
    { AttributeName: 'owner', AttributeType: 'S' },
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
  GlobalSecondaryIndexes: [
    {
      IndexName: 'owner',
      KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
} satisfies TableDefinition;
