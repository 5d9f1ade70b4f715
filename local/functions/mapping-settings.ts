import type { ResolvedResource } from '../assembly';
import { type Matches, readEventPattern } from '../events';
import { list, number, record, text, texts } from '../properties';
import { bucketOf } from './invoke-config';

/** An `AWS::Lambda::EventSourceMapping` of a stream. */
export interface MappingSettings {
  readonly logicalId: string;
  readonly uuid: string;
  readonly streamArn: string;
  /** Name or ARN. */
  readonly functionName: string;
  readonly isEnabled: boolean;
  readonly batchSize: number;
  /** In milliseconds. */
  readonly batchingWindow: number;
  readonly matches: Matches;
  readonly bisects: boolean;
  /** Infinite where the template says -1. */
  readonly maxRetries: number;
  /** In milliseconds; infinite where the template says -1. */
  readonly maxAge: number;
  readonly reportsItemFailures: boolean;
  /** Bucket that discarded records go to. */
  readonly failureBucket?: string;
  /** What does not work as in AWS, in sentences. */
  readonly unsupported: readonly string[];
}

/** Lambda's own default for DynamoDB streams: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html */
const DEFAULT_BATCH_SIZE = 100;

/** How long a stream keeps its records, in seconds. */
const RETENTION = 24 * 60 * 60;

/** Reads the resolved properties of an event source mapping. */
export function readMapping({ logicalId, physicalId, properties }: ResolvedResource): MappingSettings {
  const destination = text(record(record(properties.DestinationConfig).OnFailure).Destination);
  const failureBucket = bucketOf(destination);
  return {
    logicalId,
    uuid: physicalId,
    streamArn: text(properties.EventSourceArn) ?? '',
    functionName: text(properties.FunctionName) ?? '',
    isEnabled: text(properties.Enabled) !== 'false',
    batchSize: number(properties.BatchSize) ?? DEFAULT_BATCH_SIZE,
    batchingWindow: (number(properties.MaximumBatchingWindowInSeconds) ?? 0) * 1000,
    matches: readFilters(properties.FilterCriteria),
    bisects: text(properties.BisectBatchOnFunctionError) === 'true',
    maxRetries: limit(properties.MaximumRetryAttempts, Infinity),
    maxAge: limit(properties.MaximumRecordAgeInSeconds, RETENTION) * 1000,
    reportsItemFailures: texts(properties.FunctionResponseTypes)?.includes('ReportBatchItemFailures') ?? false,
    ...(failureBucket !== undefined && { failureBucket }),
    unsupported: describeUnsupported(properties, destination, failureBucket),
  };
}

/** A record is taken that any of the filters means; without filters, every one. */
function readFilters(criteria: unknown): Matches {
  const filters = list(record(criteria).Filters).map((filter) =>
    readEventPattern(JSON.parse(text(record(filter).Pattern) ?? '{}')),
  );
  return (event) => filters.length === 0 || filters.some((matches) => matches(event));
}

function limit(value: unknown, unlimited: number): number {
  const given = number(value) ?? -1;
  return given < 0 ? unlimited : given;
}

function describeUnsupported(
  properties: Readonly<Record<string, unknown>>,
  destination: string | undefined,
  failureBucket: string | undefined,
): string[] {
  return [
    ...(destination !== undefined && failureBucket === undefined
      ? [`what it discards is lost: ${destination} is no bucket`]
      : []),
    ...((number(properties.ParallelizationFactor) ?? 1) > 1 ? ['its batches are handled one after another'] : []),
    ...((number(properties.TumblingWindowInSeconds) ?? 0) > 0 ? ['tumbling windows are not aggregated'] : []),
  ];
}
