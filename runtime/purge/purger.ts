import { PurgeMetric } from '../../contract';
import { EdgeTag, edgeTagOf } from '../http/cache-tags';
import type { Log } from '../log';
import { readChanges, type Change } from './changes';
import type { PurgeClock } from './clock';
import type { PurgeConfiguration } from './configuration';
import {
  isCompletedDeployment,
  isReplayRequest,
  isStreamEvent,
  type BatchResult,
  type DeploymentEvent,
  type InvocationContext,
  type StreamEvent,
  type StreamRecord,
} from './events';
import type { InvalidationCounts, Invalidator, Outcome, PurgeItem } from './invalidator';
import type { KeptEvents, KeptReason } from './kept';
import { metricLine } from './metrics';

export interface PurgerParts {
  readonly configuration: PurgeConfiguration;
  readonly invalidator: Invalidator;
  readonly kept: KeptEvents;
  readonly clock: PurgeClock;
  readonly log: Log;
  readonly writeLine: (line: string) => void;
}

export interface ReplayResult {
  readonly replayed: number;
  /** What CloudFront still does not take, or cannot be read. */
  readonly left: number;
}

/** What an invocation leaves itself for keeping what it could not purge. */
const RESERVED_TIME = 10_000;
/** A record's time is rounded down to whole seconds. */
const RECORD_RESOLUTION = 1000;
/**
 * Lambda tries an asynchronous event three times, and then it is gone: one that is older than this is kept at the next failure.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
const KEEP_DEPLOYMENT_AFTER = 10 * 60_000;

const PAGES = `#${EdgeTag.PAGE}`;
const COARSE = `#${EdgeTag.COARSE}`;

/** Carries revalidations and deployments to the edge. What it does not understand or cannot carry, it keeps. */
export class Purger {
  constructor(private readonly parts: PurgerParts) {}

  async handle(event: unknown, context: InvocationContext): Promise<BatchResult | ReplayResult | undefined> {
    const { clock, log } = this.parts;
    const receivedAt = clock.now();
    const until = receivedAt + context.getRemainingTimeInMillis() - RESERVED_TIME;
    if (isStreamEvent(event)) return this.purgeBatch(event, receivedAt, until);
    if (isCompletedDeployment(event)) {
      await this.purgeDeployment(event, until);
    } else if (isReplayRequest(event)) {
      return this.replay(until);
    } else {
      log.info('purge.ignored', { event });
    }
    return undefined;
  }

  private async purgeBatch({ Records }: StreamEvent, receivedAt: number, until: number): Promise<BatchResult> {
    const { configuration, invalidator } = this.parts;
    const counts = noCounts();
    const { changes, unreadable } = readChanges(Records, configuration.site);
    if (changes.length > 0) await this.awaitMirrors(changes, receivedAt);
    const items = this.itemsOf(changes);
    const outcome = await invalidator.invalidate(items, until, counts);

    const isFinal = outcome.late.length === 0 || this.isToBeKept(changes);
    const retry = isFinal ? undefined : Math.min(...positionsOf(outcome.late));
    const keep = (reason: KeptReason, positions: readonly number[]): Promise<number> => {
      // What comes again is kept then.
      const records = positions.filter((position) => position < (retry ?? Number.POSITIVE_INFINITY));
      return this.keep(reason, recordsAt(records, Records), outcome.lastError);
    };
    const keptRecords =
      (await keep('unreadable', unreadable)) +
      (await keep('refused', positionsOf(outcome.refused))) +
      (await keep('late', positionsOf(outcome.late)));
    this.report(changes, items, outcome, counts, keptRecords);
    return failureAt(retry, Records);
  }

  /**
   * Waits until no task sends what is older than the changes for long: counted from when their records were written, and never longer
   * than if they had been written when this function got them, whatever the two clocks say.
   */
  private async awaitMirrors(changes: readonly Change[], receivedAt: number): Promise<void> {
    const { clock, configuration } = this.parts;
    const newest = Math.max(...changes.map(({ createdAt }) => createdAt)) + RECORD_RESOLUTION;
    const due = Math.min(newest, receivedAt) + configuration.wait;
    if (due > clock.now()) await clock.sleep(due - clock.now());
  }

  /** The tags of the changes, then the one of answers with too many tags; of too many changes, the one of all pages. */
  private itemsOf(changes: readonly Change[]): PurgeItem[] {
    const identity = changes.map(({ sequence }) => sequence).join(' ');
    const positions = changes.flatMap((change) => change.positions);
    if (changes.length === 0) return [];
    if (changes.length > this.parts.configuration.mostTags)
      return [{ item: PAGES, identity, positions, tags: changes.length }];
    const items = changes.map((change) => {
      return { item: `#${edgeTagOf(change.tag)}`, identity: change.sequence, positions: change.positions, tags: 1 };
    });
    return [...items, { item: COARSE, identity, positions: changes.at(-1)?.positions ?? [], tags: 0 }];
  }

  private isToBeKept(changes: readonly Change[]): boolean {
    const { clock, configuration } = this.parts;
    return clock.now() - oldestOf(changes) >= configuration.keepAfter;
  }

  /** @throws when CloudFront does not take it, so that Lambda tries again */
  private async purgeDeployment(event: DeploymentEvent, until: number): Promise<void> {
    const { clock, invalidator, log } = this.parts;
    const counts = noCounts();
    const outcome = await invalidator.invalidate([deploymentItem(event)], until, counts);
    const { deploymentId } = event.detail;
    if (isDone(outcome)) {
      log.info('purge.deployment', { deploymentId });
      this.write({ [PurgeMetric.DEPLOYMENTS]: 1, ...metricsOf(counts) });
      return;
    }
    const isFinal = outcome.refused.length > 0 || clock.now() - Date.parse(event.time) >= KEEP_DEPLOYMENT_AFTER;
    if (!isFinal) {
      this.write(metricsOf(counts));
      throw new Error('cdk-nextjs-ecs purge: CloudFront did not take the purge after a deployment', {
        cause: outcome.lastError,
      });
    }
    const key = await this.parts.kept.keep('late', event, clock.now());
    log.error('purge.kept', { reason: 'late', deploymentId, key, error: outcome.lastError });
    this.write({ [PurgeMetric.KEPT]: 1, ...metricsOf(counts) });
  }

  /** Purges what was kept, the oldest first; what is done is removed. Its time has long come: it waits for nobody. */
  private async replay(until: number): Promise<ReplayResult> {
    const { kept, log } = this.parts;
    const objects = await kept.list();
    const counts = noCounts();
    let replayed = 0;
    for (const { key } of objects) {
      const items = this.itemsOfKept(await kept.read(key));
      if (items === undefined) continue;
      const outcome = await this.parts.invalidator.invalidate(items, until, counts);
      if (outcome.late.length > 0) break;
      if (!isDone(outcome)) continue;
      await kept.remove(key);
      replayed += 1;
    }
    const result = { replayed, left: objects.length - replayed };
    log.info('purge.replayed', { ...result, ...counts });
    this.write(metricsOf(counts));
    return result;
  }

  /** `undefined` where not all of it can be purged. */
  private itemsOfKept(event: unknown): PurgeItem[] | undefined {
    if (isCompletedDeployment(event)) return [deploymentItem(event)];
    if (!isStreamEvent(event)) return undefined;
    const { changes, unreadable } = readChanges(event.Records, this.parts.configuration.site);
    return unreadable.length > 0 ? undefined : this.itemsOf(changes);
  }

  /** Fulfilled with the number of records that are kept. */
  private async keep(reason: KeptReason, records: readonly StreamRecord[], error?: Error): Promise<number> {
    if (records.length === 0) return 0;
    const key = await this.parts.kept.keep(reason, { Records: records }, this.parts.clock.now());
    this.parts.log.error('purge.kept', { reason, records: records.length, key, error });
    return records.length;
  }

  private report(
    changes: readonly Change[],
    items: readonly PurgeItem[],
    outcome: Outcome,
    counts: InvalidationCounts,
    keptRecords: number,
  ): void {
    const { log, clock } = this.parts;
    const left = tagsOf([...outcome.late, ...outcome.refused]);
    const allPages = items[0]?.item === PAGES;
    const tags = changes.length - left;
    if (outcome.late.length > 0) log.warn('purge.late', { tags: tagsOf(outcome.late), error: outcome.lastError });
    if (changes.length > 0) log.info('purge.batch', { tags, left, allPages, ...counts });
    this.write({
      [PurgeMetric.TAGS]: tags,
      [PurgeMetric.ALL_PAGES]: allPages && left === 0 ? 1 : 0,
      [PurgeMetric.KEPT]: keptRecords,
      // Of what is still not taken too, or nobody would hear of it until it is.
      [PurgeMetric.LAG]: changes.length === 0 ? 0 : clock.now() - oldestOf(changes),
      ...metricsOf(counts),
    });
  }

  private write(metrics: Parameters<typeof metricLine>[2]): void {
    const { writeLine, configuration, clock } = this.parts;
    if (Object.values(metrics).some((value) => value > 0)) {
      writeLine(metricLine(configuration.site, clock.now(), metrics));
    }
  }
}

function noCounts(): InvalidationCounts {
  return { invalidations: 0, items: 0, retries: 0 };
}

function metricsOf({ invalidations, items, retries }: InvalidationCounts): Parameters<typeof metricLine>[2] {
  return {
    [PurgeMetric.INVALIDATIONS]: invalidations,
    [PurgeMetric.ITEMS]: items,
    [PurgeMetric.RETRIES]: retries,
  };
}

function deploymentItem({ id }: DeploymentEvent): PurgeItem {
  return { item: PAGES, identity: id, positions: [], tags: 0 };
}

function isDone({ refused, late }: Outcome): boolean {
  return refused.length === 0 && late.length === 0;
}

function oldestOf(changes: readonly Change[]): number {
  return Math.min(...changes.map(({ createdAt }) => createdAt));
}

function tagsOf(items: readonly PurgeItem[]): number {
  return items.reduce((sum, { tags }) => sum + tags, 0);
}

function positionsOf(items: readonly PurgeItem[]): number[] {
  return items.flatMap((item) => item.positions);
}

function recordsAt(positions: readonly number[], records: readonly StreamRecord[]): StreamRecord[] {
  const wanted = new Set(positions);
  return records.filter((_, position) => wanted.has(position));
}

/** Lambda tries again from the first failed record on. */
function failureAt(position: number | undefined, records: readonly StreamRecord[]): BatchResult {
  const itemIdentifier = position === undefined ? undefined : records[position]?.dynamodb?.SequenceNumber;
  return { batchItemFailures: itemIdentifier === undefined ? [] : [{ itemIdentifier }] };
}
