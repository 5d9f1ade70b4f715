import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { setTimeout as pause } from 'node:timers/promises';

import type { RevalidationRequest, RevalidationResult } from '../../contract';
import { systemClock, TableClock } from '../cache/clock';
import type { Revalidation } from '../cache/tag-row';
import { DynamoDbTagStore } from '../stores/dynamodb-tag-store';
import { askTime, Patience, RowWriter } from './rows';
import { tagsOf } from './tags';

export { tagsOf };

/** However wrong the own clock is, only the table's is used. */
const NO_BOUND = Number.POSITIVE_INFINITY;

/**
 * Revalidates tags and paths of a site from outside of its server, for example from a function that hears of changes in a content
 * management system: writes the same rows as the app's own `revalidateTag`, for which `cache.grantRevalidate` suffices.
 */
export async function revalidate(request: RevalidationRequest): Promise<RevalidationResult> {
  const { table, site, tagShards, region, endpoint, credentials, onProgress } = request;
  const tags = tagsOf(request);
  const revalidation = revalidationOf(request.staleFor ?? 0);
  if (tags.length === 0) return { tags };
  // One attempt: a retry of the SDK would have the stamp of the first.
  const client = new DynamoDBClient({
    maxAttempts: 1,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials !== undefined && { credentials }),
  });
  try {
    const now = (): number => systemClock.now();
    const clock = new TableClock(systemClock, NO_BOUND);
    const patience = new Patience(now, pause);
    await patience.attempt(() => askTime(client, table, site, clock, now));
    const store = new DynamoDbTagStore(() => client, table, site, tagShards);
    let written = 0;
    await new RowWriter(store, clock, patience).write(tags, revalidation, () => onProgress?.(++written, tags.length));
    return { tags };
  } finally {
    client.destroy();
  }
}

function revalidationOf(staleFor: number): Revalidation {
  if (Number.isNaN(staleFor) || staleFor < 0) {
    throw new Error(`cdk-nextjs-ecs revalidate: staleFor must be 0 or more seconds; received ${staleFor}`);
  }
  if (staleFor === 0) return { kind: 'expire' };
  return staleFor === Number.POSITIVE_INFINITY ? { kind: 'stale' } : { kind: 'stale', expireSeconds: staleFor };
}
