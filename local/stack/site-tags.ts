import { type RevalidationTarget, Table } from '../../contract';
import type { DynamoDbServer } from '../stores';

/** A tag of a site, as JSON. Moments in milliseconds since the epoch. */
export interface TagState {
  readonly tag: string;
  readonly site: string;
  /** How often it was revalidated. */
  readonly version: number;
  readonly updatedAt?: number;
  /** When entries with it expired last, and when they went stale; absent where they never did. */
  readonly expiredAt?: number;
  readonly staleAt?: number;
}

/** The tags of a site that were revalidated, the latest first. */
export function readTags({ table, site }: RevalidationTarget, dynamodb: DynamoDbServer): TagState[] {
  const partition = `${site}#tag`;
  const tags: TagState[] = [];
  for (const item of dynamodb.items(table)) {
    const key = textOf(item[Table.PARTITION_KEY]);
    if (key !== partition && !key.startsWith(`${partition}#`)) continue;
    const [updatedAt, expiredAt, staleAt] = [Table.UPDATED_AT, Table.EXPIRED_AT, Table.STALE_AT].map((name) =>
      numberOf(item[name]),
    );
    tags.push({
      tag: textOf(item[Table.TAG]) || textOf(item[Table.SORT_KEY]),
      site,
      version: numberOf(item[Table.VERSION]) ?? 0,
      ...(updatedAt !== undefined && { updatedAt }),
      ...(expiredAt !== undefined && { expiredAt }),
      ...(staleAt !== undefined && { staleAt }),
    });
  }
  return tags.sort((one, other) => (other.updatedAt ?? 0) - (one.updatedAt ?? 0));
}

interface Attribute {
  readonly S?: unknown;
  readonly N?: unknown;
}

function textOf(attribute: Attribute | undefined): string {
  return typeof attribute?.S === 'string' ? attribute.S : '';
}

/** Undefined for what is missing and for 0, which says that it never was. */
function numberOf(attribute: Attribute | undefined): number | undefined {
  const value = Number(attribute?.N ?? 0);
  return Number.isFinite(value) && value > 0 ? value : undefined;
}
