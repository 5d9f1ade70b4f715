/** Attribute and index names of the cache's DynamoDB table, shared by the construct that makes it and the runtime that reads it. */
export const Table = {
  /** Partition key (string), for example `shop#tag`. */
  PARTITION_KEY: 'pk',
  /** Sort key (string): the tag, or the leased key. */
  SORT_KEY: 'sk',
  /** Local secondary index, read with strong consistency: the rows of a partition in the order of their last change. */
  UPDATED_AT_INDEX: 'updatedAt',
  /** Sort key (number, milliseconds since the epoch) of {@link Table.UPDATED_AT_INDEX}. */
  UPDATED_AT: 'updatedAt',
  /** Time-to-live attribute (number, seconds since the epoch); only rows that may go carry it. */
  EXPIRES_AT: 'expiresAt',
  /** Of a tag's row: the tag (string), as often as it was revalidated (number), and when entries with it last expired and aged (number). */
  TAG: 'tag',
  VERSION: 'version',
  EXPIRED_AT: 'expiredAt',
  STALE_AT: 'staleAt',
} as const;
