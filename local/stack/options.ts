import type { BundleFacts } from '../../contract';
import type { UnsupportedResource } from '../assembly';
import type { InvalidationQuotaOptions } from '../edge-api';
import type { FaultState } from '../faults';
import type { DeploymentOutcome, OutputSink, ReplicaState } from '../fleet';
import type { StreamPace } from '../functions';
import type { Progress } from '../progress';
import type { BalancerState } from './balancers';
import type { EdgeState } from './edge';
import type { FunctionsState } from './functions';
import type { StoresState } from './stores';

export interface LocalStackOptions {
  /**
   * The stack to run.
   * @default - the only one, or the only one with a distribution
   */
  readonly stack?: string;
  /**
   * Port of the site.
   * @default - a free one
   */
  readonly port?: number;
  /**
   * Port of the control interface.
   * @default - a free one
   */
  readonly controlPort?: number;
  /**
   * Number of replicas of each service behind a load balancer.
   * @default - the services' desired counts
   */
  readonly replicas?: number;
  /**
   * Environment variables of the tasks, over the template's.
   * @default - only the template's
   */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Folders to run containers of foreign images in, by container name.
   * @default - containers of foreign images are not run
   */
  readonly containers?: Readonly<Record<string, string>>;
  /**
   * Folder in which the contents of buckets and tables outlive the stack; made where there is none.
   * @default - they are in memory, and go with the stack
   */
  readonly data?: string;
  /** @default - nothing is said */
  readonly progress?: Progress;
  /**
   * Takes the lines that the replicas and functions print.
   * @default - they are only shown when a replica cannot start
   */
  readonly output?: OutputSink;
  /**
   * How fast streams, functions' retries and invalidations are; for tests that would wait for them.
   * @default - as on AWS, or as near as patience allows
   */
  readonly pace?: Pace;
  /**
   * Write units a second that one partition key of a table takes; more are throttled. A partition of DynamoDB takes 1,000.
   * @default - any number
   */
  readonly partitionWriteUnits?: number;
  /** @default - CloudFront's own */
  readonly invalidationQuota?: InvalidationQuotaOptions;
}

export interface Pace extends StreamPace {
  /** From an invalidation's request until its effect, in milliseconds. @default 500 */
  readonly invalidation?: number;
}

/** What runs, and where. */
export interface LocalStackState {
  readonly url: string;
  readonly stack: string;
  /** The stack's outputs, by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
  /** What the app's bundle says of its build; absent for images that were built by other means. */
  readonly build?: BundleFacts;
  /** Of the site's distribution: the first one, where the stack has several. */
  readonly edge?: EdgeState;
  /** Of all distributions. */
  readonly edges: readonly EdgeState[];
  readonly balancers: readonly BalancerState[];
  readonly replicas: readonly ReplicaState[];
  readonly stores: StoresState;
  readonly functions: FunctionsState;
  readonly cloudfront: CloudFrontState;
  readonly faults: readonly FaultState[];
  /** Replicas that cannot reach the stores. */
  readonly partitioned: readonly string[];
  /** Resources that do not run here, and why those that are not missed are not. */
  readonly notRun: readonly UnsupportedResource[];
}

export interface CloudFrontState {
  /** Address of the control API. */
  readonly endpoint: string;
  /** Invalidations that have been accepted and had no effect yet. */
  readonly inProgress: number;
}

export interface DeployResult {
  readonly outcome: 'completed' | 'rolled-back';
  /** By logical id of the ECS service. */
  readonly services: Readonly<Record<string, DeploymentOutcome>>;
  /** What of the template waits for the next start, in sentences: load balancers that change, services that come or go. */
  readonly notApplied: readonly string[];
}
