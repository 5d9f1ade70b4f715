import { randomBytes } from 'node:crypto';

import { CloudFrontError } from './cloudfront-error';
import type { InvalidationQuota } from './invalidation-quota';

/** An invalidation as JSON. */
export interface InvalidationState {
  readonly id: string;
  readonly distributionId: string;
  readonly status: 'InProgress' | 'Completed';
  /** ISO 8601. */
  readonly createTime: string;
  readonly callerReference: string;
  readonly items: readonly string[];
  /** How many objects left the edge; absent while in progress. */
  readonly objects?: number;
}

export interface InvalidationsOptions {
  /** Ids of the stack's distributions. */
  readonly distributions: () => readonly string[];
  /** Ends objects early, and answers how many. */
  readonly invalidate: (distributionId: string, items: readonly string[]) => number;
  readonly quota: InvalidationQuota;
  /** From the request until its effect, in milliseconds. */
  readonly delay: number;
  readonly now: () => number;
}

/** Listings, and repetitions of a request, look back so far. */
const REMEMBERED = 20_000;

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html */
const TAG = /^#[\x21-\x2b\x2d-\x7e]{1,256}$/;
const PATH = /^\/[\x21-\x7e]*$/;

/** The distributions' invalidations, from their request to their effect. */
export class Invalidations {
  private readonly members = new Map<string, InvalidationState>();
  private readonly references = new Map<string, string>();
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: InvalidationsOptions) {}

  /** The latest first. */
  get all(): readonly InvalidationState[] {
    return [...this.members.values()].reverse();
  }

  get inProgress(): number {
    return this.timers.size;
  }

  create(distributionId: string, callerReference: string, items: readonly string[]): InvalidationState {
    this.assertDistribution(distributionId);
    assertBatch(callerReference, items);
    const repeated = this.tryRepeat(distributionId, callerReference, items);
    if (repeated) return repeated;
    this.options.quota.take(items);
    const invalidation: InvalidationState = {
      id: `I${randomBytes(8).toString('hex').toUpperCase().slice(0, 13)}`,
      distributionId,
      status: 'InProgress',
      createTime: new Date(this.options.now()).toISOString(),
      callerReference,
      items,
    };
    this.remember(invalidation);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const objects = this.options.invalidate(distributionId, items);
      this.members.set(invalidation.id, { ...invalidation, status: 'Completed', objects });
    }, this.options.delay);
    this.timers.add(timer);
    return invalidation;
  }

  get(distributionId: string, id: string): InvalidationState {
    this.assertDistribution(distributionId);
    const found = this.members.get(id);
    if (found?.distributionId !== distributionId) throw CloudFrontError.noSuchInvalidation(id);
    return found;
  }

  /** The latest first. */
  list(distributionId: string): readonly InvalidationState[] {
    this.assertDistribution(distributionId);
    return this.all.filter((invalidation) => invalidation.distributionId === distributionId);
  }

  close(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private assertDistribution(id: string): void {
    if (!this.options.distributions().includes(id)) throw CloudFrontError.noSuchDistribution(id);
  }

  /** The same request again is the same invalidation: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_InvalidationBatch.html */
  private tryRepeat(
    distributionId: string,
    callerReference: string,
    items: readonly string[],
  ): InvalidationState | undefined {
    const known = this.members.get(this.references.get(`${distributionId} ${callerReference}`) ?? '');
    if (!known) return undefined;
    if (known.items.join('\n') === items.join('\n')) return known;
    throw new CloudFrontError(
      409,
      'InvalidationBatchAlreadyExists',
      `The caller reference ${callerReference} was used with other paths.`,
    );
  }

  private remember(invalidation: InvalidationState): void {
    this.members.set(invalidation.id, invalidation);
    this.references.set(`${invalidation.distributionId} ${invalidation.callerReference}`, invalidation.id);
    const [oldest] = this.members.values();
    if (this.members.size <= REMEMBERED || oldest === undefined) return;
    this.members.delete(oldest.id);
    this.references.delete(`${oldest.distributionId} ${oldest.callerReference}`);
  }
}

function assertBatch(callerReference: string, items: readonly string[]): void {
  if (callerReference === '') throw CloudFrontError.invalidArgument('CallerReference: must not be empty.');
  if (items.length === 0) throw CloudFrontError.invalidArgument('Paths: must hold one item at least.');
  const wrong = items.find((item) => !TAG.test(item) && !PATH.test(item));
  if (wrong === undefined) return;
  throw CloudFrontError.invalidArgument(
    `Your request contains one or more invalid invalidation paths: ${wrong}. A path begins with /, a tag with #.`,
  );
}
