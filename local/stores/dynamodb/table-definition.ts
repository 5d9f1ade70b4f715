/** A key's attribute: `HASH` is the partition key, `RANGE` the sort key. */
export interface KeySchemaElement {
  readonly AttributeName: string;
  readonly KeyType: 'HASH' | 'RANGE';
}

export interface AttributeDefinition {
  readonly AttributeName: string;
  readonly AttributeType: 'S' | 'N' | 'B';
}

export interface Projection {
  readonly ProjectionType?: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  readonly NonKeyAttributes?: readonly string[];
}

export interface SecondaryIndex {
  readonly IndexName: string;
  readonly KeySchema: readonly KeySchemaElement[];
  readonly Projection: Projection;
}

export type StreamViewType = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

/**
 * A table as `AWS::DynamoDB::Table` describes it, intrinsics resolved; `CreateTable` takes the same. Properties without an effect on
 * items (encryption, backups, …) may stand in it and are ignored.
 */
export interface TableDefinition {
  readonly TableName: string;
  readonly AttributeDefinitions: readonly AttributeDefinition[];
  readonly KeySchema: readonly KeySchemaElement[];
  readonly LocalSecondaryIndexes?: readonly SecondaryIndex[];
  readonly GlobalSecondaryIndexes?: readonly SecondaryIndex[];
  readonly StreamSpecification?: { readonly StreamViewType?: StreamViewType };
  /** Only says which error a throttled write has. */
  readonly BillingMode?: string;
  readonly TimeToLiveSpecification?: { readonly AttributeName?: string; readonly Enabled?: boolean };
}
