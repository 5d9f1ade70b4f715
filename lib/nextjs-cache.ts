import { CfnOutput, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Table, type RevalidationTarget } from '../contract';
import { acknowledgeObjects } from './private/acknowledged-rules';
import { ConfigurationError } from './private/errors';
import { createPrivateBucket } from './private/private-bucket';
import { claimSiteName } from './private/site-claims';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html#limits-dynamodb-streams */
const MOST_STREAM_READERS = 2;

/** Properties of {@link NextjsCache}. */
export interface NextjsCacheProps {
  /**
   * A bucket for the entries. Let a lifecycle rule expire its objects, or it grows for ever.
   *
   * @default - a new one
   */
  readonly bucket?: s3.IBucket;
  /**
   * A table for the rows: partition key `pk` and sort key `sk`, both strings; a local secondary index `updatedAt` over the number of that
   * name with all attributes; time to live by `expiresAt`; a stream with new images.
   *
   * @default - a new one
   */
  readonly table?: dynamodb.ITable;
  /**
   * Number of partitions that each site's revalidations are spread over, 1 to 64. One takes about 300 revalidations a second, and each
   * costs every task one more query a second. It cannot be changed for a table that has rows.
   *
   * @default 1
   */
  readonly tagShards?: number;
  /**
   * How long an entry stays in a new bucket after it was last written, in whole days; 1 or more.
   *
   * An entry that is gone is a miss: the page is rendered anew, or read from the build output.
   *
   * @default Duration.days(30)
   */
  readonly entryExpiration?: Duration;
  /**
   * What becomes of a new bucket and table when they leave the stack.
   *
   * With `RemovalPolicy.DESTROY` CloudFormation deletes the table, but a bucket only when it is empty.
   *
   * @default RemovalPolicy.RETAIN - tag rows are what keeps an older image from rolling content back; the bucket empties itself in
   * `entryExpiration`
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * The cache that all tasks of one or more sites share: entries in an S3 bucket, revalidations in a DynamoDB table.
 *
 * Sites keep apart by their names, which begin every key; give each a name of its own.
 */
export class NextjsCache extends Construct {
  /** Holds the entries, one object each: pages, route handlers' answers, fetches, optimized images. */
  public readonly bucket: s3.IBucket;
  /** Holds a row for each revalidated tag, and the leases that keep two tasks from rendering the same page. */
  public readonly table: dynamodb.ITable;
  /** Number of partitions that each site's revalidations are spread over. */
  public readonly tagShards: number;

  private streamReaders = 0;

  constructor(scope: Construct, id: string, props: NextjsCacheProps = {}) {
    super(scope, id);
    const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
    this.bucket = props.bucket ?? this.createBucket(props.entryExpiration ?? Duration.days(30), removalPolicy);
    this.table = props.table ?? this.createTable(removalPolicy);
    this.tagShards = this.requireTagShards(props.tagShards ?? 1);
  }

  /**
   * Allows what the server of one site does with bucket and table, on that site's keys, and nothing else.
   *
   * `s3:ListBucket` is among it because S3 answers 403 instead of 404 for a missing object without it.
   *
   * @param grantee The server's role.
   * @param siteName The site's name, `site.service.siteName`.
   */
  public grantReadWrite(grantee: iam.IGrantable, siteName: string): iam.Grant {
    const objects = this.bucket.arnForObjects(`${siteName}/*`);
    const entries = iam.Grant.addToPrincipal({
      grantee,
      actions: ['s3:GetObject', 's3:PutObject'],
      resourceArns: [objects],
    });
    acknowledgeObjects(grantee, objects);
    const listing = iam.Grant.addToPrincipal({
      grantee,
      actions: ['s3:ListBucket'],
      resourceArns: [this.bucket.bucketArn],
    });
    const rows = iam.Grant.addToPrincipal({
      grantee,
      actions: [
        'dynamodb:BatchGetItem',
        'dynamodb:DeleteItem',
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
      ],
      resourceArns: [this.table.tableArn, `${this.table.tableArn}/index/${Table.UPDATED_AT_INDEX}`],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${siteName}#*`] } },
    });
    return entries.combine(listing).combine(rows);
  }

  /**
   * Allows to revalidate tags and paths of one site from outside of its server: to write rows, and neither to read them nor to touch entries.
   *
   * @param grantee For example a function that hears of changes in a content management system.
   * @param siteName The site's name, `site.service.siteName`.
   */
  public grantRevalidate(grantee: iam.IGrantable, siteName: string): iam.Grant {
    return iam.Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:UpdateItem'],
      resourceArns: [this.table.tableArn],
      conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${siteName}#tag`, `${siteName}#tag#*`] } },
    });
  }

  /**
   * Takes a site's name, once: two sites of one name would read each other's pages.
   *
   * @internal
   */
  public _claimSiteName(scope: Construct, siteName: string): void {
    if (Token.isUnresolved(siteName) || !/^[\w.-]{1,128}$/.test(siteName)) {
      throw new ConfigurationError({
        part: 'NextjsService.siteName',
        scope,
        problem: `must be 1 to 128 letters, digits, '.', '_' and '-', known at synth; received ${JSON.stringify(siteName)}`,
        remedy: 'Choose such a name, or leave it out to have one made of the construct path',
      });
    }
    const earlier =
      claimSiteName(scope, siteName, this.bucket, this.bucket.bucketName) ??
      claimSiteName(scope, siteName, this.table, this.table.tableName);
    if (!earlier) return;
    throw new ConfigurationError({
      part: 'NextjsService.siteName',
      scope,
      problem: `${JSON.stringify(siteName)} is already the name of the site ${earlier.node.path} over the same cache`,
      remedy: 'Give each site a name of its own: the name keeps their entries and revalidations apart',
    });
  }

  /**
   * Takes one of the stream's readers: with more than two, Lambda's reads are throttled and purges come late or never.
   *
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
   * @internal
   */
  public _claimStreamReader(scope: Construct): void {
    this.streamReaders += 1;
    if (this.streamReaders <= MOST_STREAM_READERS) return;
    throw new ConfigurationError({
      part: 'NextjsPurge.cache',
      scope,
      problem: `the stream of a table has room for ${MOST_STREAM_READERS} readers, and ${this.node.path} has as many purges already`,
      remedy: 'Give the site a cache of its own, or switch its purge off (`purge: false`)',
    });
  }

  /**
   * Says in an output how the site is revalidated from outside.
   *
   * @internal
   */
  public _describeRevalidation(scope: Construct, site: string): void {
    const target: RevalidationTarget = { table: this.table.tableName, site, tagShards: this.tagShards };
    new CfnOutput(scope, 'Revalidation', {
      value: Stack.of(scope).toJsonString(target),
      description: 'What `npx cdk-nextjs-ecs revalidate` needs to know',
    });
  }

  private requireTagShards(shards: number): number {
    if (Number.isInteger(shards) && shards >= 1 && shards <= 64) return shards;
    throw new ConfigurationError({
      part: 'NextjsCache.tagShards',
      scope: this,
      problem: `must be a whole number from 1 to 64; received ${shards}`,
      remedy: 'One is enough for 300 revalidations a second',
    });
  }

  private createBucket(expiration: Duration, removalPolicy: RemovalPolicy): s3.Bucket {
    return createPrivateBucket(this, 'Bucket', { lifecycleRule: { id: 'ExpireEntries', expiration }, removalPolicy });
  }

  private createTable(removalPolicy: RemovalPolicy): dynamodb.Table {
    const table = new dynamodb.Table(this, 'Table', {
      partitionKey: { name: Table.PARTITION_KEY, type: dynamodb.AttributeType.STRING },
      sortKey: { name: Table.SORT_KEY, type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      encryption: dynamodb.TableEncryption.DEFAULT,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: Table.EXPIRES_AT,
      // A row's own versions say what changed; the image before the change is not needed.
      stream: dynamodb.StreamViewType.NEW_IMAGE,
      removalPolicy,
    });
    // A local index because only those can be read with strong consistency.
    table.addLocalSecondaryIndex({
      indexName: Table.UPDATED_AT_INDEX,
      sortKey: { name: Table.UPDATED_AT, type: dynamodb.AttributeType.NUMBER },
      projectionType: dynamodb.ProjectionType.ALL,
    });
    return table;
  }
}
