import type { AttributeValue, UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';

import { Table } from '../../contract';
import { tagSortKey, type Revalidation, type TagRow } from '../cache/tag-row';

/**
 * What a stale revalidation with a deadline finds in the row. A deadline that has passed has expired entries without any write; a
 * later `'max'` that simply replaced it would bring them back. So a passed deadline is first made an expiry, in the same write.
 *
 * - `open`: no deadline, or one still ahead, which the new one replaces (as in Next's own handler).
 * - `passed`: the deadline has passed and expires more than `expiredVersion` does.
 * - `superseded`: the deadline has passed, but the row was expired since.
 */
export type DeadlineCase = 'any' | 'open' | 'passed' | 'superseded';

/** The case that a writer who knows `known` should try first, so that a revalidation is one write. */
export function deadlineCase(revalidation: Revalidation, at: number, known: TagRow | undefined): DeadlineCase {
  if (revalidation.kind === 'expire' || revalidation.expireSeconds === undefined) return 'any';
  if (known === undefined || known.deadline === 0 || known.deadline > at) return 'open';
  return known.deadlineVersion > known.expiredVersion ? 'passed' : 'superseded';
}

/** The next case to try after those whose condition failed; none when all did. */
export function nextDeadlineCase(tried: ReadonlySet<DeadlineCase>): DeadlineCase | undefined {
  const cases: DeadlineCase[] = ['open', 'passed', 'superseded'];
  return cases.find((candidate) => !tried.has(candidate));
}

type Update = Pick<
  UpdateItemCommandInput,
  'UpdateExpression' | 'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>;

/** One write that counts the version up and notes the revalidation. Every operand is read before anything is set. */
export function updateOf(tag: string, revalidation: Revalidation, at: number, deadline: DeadlineCase): Update {
  const next = 'if_not_exists(#version, :zero) + :one';
  const set = [`#version = ${next}`, '#updatedAt = :at', ...nameOf(tag)];
  const values: Record<string, AttributeValue> = {
    ':zero': { N: '0' },
    ':one': { N: '1' },
    ':at': { N: String(at) },
    ...(tagSortKey(tag) === tag ? {} : { ':tag': { S: tag } }),
  };
  const remove: string[] = [];
  if (revalidation.kind === 'expire') {
    set.push(`expiredVersion = ${next}`, 'expiredAt = :at');
    remove.push('deadline', 'deadlineVersion');
  } else {
    set.push(`staleVersion = ${next}`, 'staleAt = :at');
    if (revalidation.expireSeconds !== undefined) {
      set.push('deadline = :deadline', `deadlineVersion = ${next}`);
      values[':deadline'] = { N: String(Math.floor(at + revalidation.expireSeconds * 1000)) };
    }
    // The stamp of the expiry is when the row first said so: entries generated since carry a version or a later horizon.
    if (deadline === 'passed') set.push('expiredVersion = deadlineVersion', 'expiredAt = staleAt');
  }
  return {
    UpdateExpression: `SET ${set.join(', ')}${remove.length > 0 ? ` REMOVE ${remove.join(', ')}` : ''}`,
    ...conditionOf(deadline),
    ExpressionAttributeNames: { '#version': 'version', '#updatedAt': Table.UPDATED_AT },
    ExpressionAttributeValues: values,
  };
}

function nameOf(tag: string): string[] {
  return tagSortKey(tag) === tag ? [] : ['tag = :tag'];
}

function conditionOf(deadline: DeadlineCase): Pick<Update, 'ConditionExpression'> {
  switch (deadline) {
    case 'any':
      return {};
    case 'open':
      return { ConditionExpression: 'attribute_not_exists(deadline) OR deadline > :at' };
    case 'passed':
      return {
        ConditionExpression:
          'deadline <= :at AND (attribute_not_exists(expiredVersion) OR expiredVersion < deadlineVersion)',
      };
    case 'superseded':
      return { ConditionExpression: 'deadline <= :at AND expiredVersion >= deadlineVersion' };
  }
}
