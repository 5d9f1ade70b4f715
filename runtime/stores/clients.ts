import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';

import { SignedReads } from './signed-reads';

/** Hears of every call: what was asked, and what the service's clock said (`Date`), where it answered. */
export interface CallObserver {
  called(service: 's3' | 'dynamodb', operation: string): void;
  answered(sentAt: number, receivedAt: number, date: number): void;
}

/** The SDK's clients, made when first asked for: a module that is only imported (`next build`) must not look for credentials. */
export class AwsClients {
  private madeS3?: S3Client;
  private madeReads?: SignedReads;
  private madeDynamoDb?: DynamoDBClient;

  constructor(
    private readonly now: () => number,
    private readonly observer: CallObserver,
  ) {}

  get s3(): S3Client {
    this.madeS3 ??= this.makeS3();
    return this.madeS3;
  }

  /** Of the bucket that the S3 client is asked for objects of. */
  get reads(): SignedReads {
    this.madeReads ??= new SignedReads(this.s3, () => {
      this.observer.called('s3', 'GetObject');
    });
    return this.madeReads;
  }

  get dynamoDb(): DynamoDBClient {
    this.madeDynamoDb ??= this.makeDynamoDb();
    return this.madeDynamoDb;
  }

  close(): void {
    this.madeS3?.destroy();
    this.madeDynamoDb?.destroy();
  }

  private makeS3(): S3Client {
    const client = new S3Client({
      maxAttempts: 2,
      // A loopback or private endpoint has no host name a bucket.
      forcePathStyle: process.env.AWS_ENDPOINT_URL_S3 !== undefined,
      // Entries carry their own digest (entry-codec.ts).
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
    client.middlewareStack.add(
      (next, context) => (args) => {
        this.observer.called('s3', operationOf(context.commandName));
        return next(args);
      },
      { step: 'finalizeRequest', name: 'cacheCallCount', priority: 'low' },
    );
    return client;
  }

  private makeDynamoDb(): DynamoDBClient {
    // One attempt: a retry of the SDK would write a tag row with the stamp of the first attempt (tag-store.ts).
    const client = new DynamoDBClient({ maxAttempts: 1 });
    client.middlewareStack.add(
      (next, context) => async (args) => {
        this.observer.called('dynamodb', operationOf(context.commandName));
        const sentAt = this.now();
        const result = await next(args);
        this.observer.answered(sentAt, this.now(), dateOf(result.response));
        return result;
      },
      { step: 'deserialize', name: 'cacheCallObserver', priority: 'low' },
    );
    return client;
  }
}

function operationOf(commandName: string | undefined): string {
  return (commandName ?? 'unknown').replace(/Command$/, '');
}

function dateOf(response: unknown): number {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return Number.NaN;
  const headers = response.headers as Readonly<Record<string, string | undefined>>;
  return Date.parse(headers.date ?? '');
}
