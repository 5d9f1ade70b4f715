import type { ResolvedStack } from '../assembly';
import { number, record, text } from '../properties';

/** An `AWS::Lambda::EventInvokeConfig`: what becomes of events that services hand over without waiting. */
export interface InvokeConfig {
  readonly functionName: string;
  readonly retries?: number;
  /** Bucket that discarded events go to. */
  readonly failureBucket?: string;
  /** What does not work as in AWS, in sentences. */
  readonly unsupported: readonly string[];
}

/** The configurations of a template. */
export function readInvokeConfigs(stack: ResolvedStack): readonly InvokeConfig[] {
  return stack.ofType('AWS::Lambda::EventInvokeConfig').map(({ logicalId, properties }) => {
    const { OnFailure: onFailure, OnSuccess: onSuccess } = record(properties.DestinationConfig);
    const destinations = [onFailure, onSuccess].flatMap((destination) => text(record(destination).Destination) ?? []);
    const failureBucket = bucketOf(text(record(onFailure).Destination));
    return {
      functionName: text(properties.FunctionName) ?? '',
      retries: number(properties.MaximumRetryAttempts),
      ...(failureBucket !== undefined && { failureBucket }),
      unsupported: destinations
        .filter((destination) => bucketOf(destination) === undefined)
        .map(
          (destination) => `event invoke config ${logicalId}: nothing is sent to ${destination}, which is no bucket`,
        ),
    };
  });
}

/** The bucket that an ARN names. */
export function bucketOf(arn: string | undefined): string | undefined {
  return /^arn:[^:]+:s3:::(.+)$/.exec(arn ?? '')?.[1];
}
