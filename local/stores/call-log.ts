/** Names of the embedded services, as AWS' own endpoints name them. */
export type ServiceName = 's3' | 'dynamodb' | 'cloudfront';

/** Counts of calls by service and operation, for example `{ s3: { GetObject: 2 } }`. */
export type CallCounts = Record<string, Record<string, number>>;

/**
 * Counts the calls of AWS APIs that the embedded services receive.
 *
 * Only signed requests are calls: the edge reads its S3 origins unsigned, as viewers' requests do not cost API calls of the app.
 */
export class CallLog {
  private counts = new Map<string, Map<string, number>>();

  record(service: ServiceName, operation: string): void {
    const operations = this.counts.get(service) ?? new Map<string, number>();
    operations.set(operation, (operations.get(operation) ?? 0) + 1);
    this.counts.set(service, operations);
  }

  /** The counts since the start or the last {@link reset}; a copy. */
  snapshot(): CallCounts {
    return Object.fromEntries(
      [...this.counts].map(([service, operations]) => [service, Object.fromEntries(operations)]),
    );
  }

  reset(): void {
    this.counts = new Map();
  }
}
