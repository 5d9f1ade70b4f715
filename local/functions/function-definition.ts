import type { ResolvedResource, ResolvedStack } from '../assembly';
import { number, record, text } from '../properties';

/** The part of an `AWS::Lambda::Function` that can run as a process. */
export interface FunctionDefinition {
  readonly logicalId: string;
  /** The function's construct in the stack, for people: `Site/Purge/Function`. */
  readonly title: string;
  readonly name: string;
  readonly arn: string;
  /** For example `nodejs24.x`. */
  readonly runtime: string;
  /** File and export, for example `index.handler`. */
  readonly handler: string;
  /** In milliseconds. */
  readonly timeout: number;
  /** In MiB. */
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, string>>;
  /** How many events may be handled at a time; absent where the template reserves none. */
  readonly reservedConcurrency?: number;
  readonly code: FunctionCode;
}

export interface FunctionCode {
  readonly bucketName?: string;
  readonly objectKey?: string;
  /** The source itself. */
  readonly inline?: string;
}

/** Lambda's own defaults: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
const DEFAULT_TIMEOUT = 3;
const DEFAULT_MEMORY = 128;

/** Reads the resolved properties of an `AWS::Lambda::Function`. */
export function readFunction(stack: ResolvedStack, resource: ResolvedResource): FunctionDefinition {
  const { logicalId, properties, physicalId } = resource;
  const code = record(properties.Code);
  const reserved = number(properties.ReservedConcurrentExecutions);
  return {
    logicalId,
    title: titleOf(resource),
    name: physicalId,
    arn: stack.attribute(logicalId, 'Arn'),
    runtime: text(properties.Runtime) ?? '',
    handler: text(properties.Handler) ?? '',
    timeout: (number(properties.Timeout) ?? DEFAULT_TIMEOUT) * 1000,
    memorySize: number(properties.MemorySize) ?? DEFAULT_MEMORY,
    environment: Object.fromEntries(
      Object.entries(record(record(properties.Environment).Variables)).map(([key, value]) => [key, text(value) ?? '']),
    ),
    ...(reserved !== undefined && { reservedConcurrency: reserved }),
    code: { bucketName: text(code.S3Bucket), objectKey: text(code.S3Key), inline: text(code.ZipFile) },
  };
}

/** The construct's path without the stack and the name that CDK gives to an only child. */
export function titleOf({ path, logicalId }: ResolvedResource): string {
  const title = path
    ?.split('/')
    .slice(1)
    .join('/')
    .replace(/\/(Resource|Default)$/, '');
  return title === undefined || title === '' ? logicalId : title;
}
