import { remembered } from '../remembered';
import type { Stamp } from './entry';

/**
 * What the cache handler knows about one cached answer: which tags it stands on, what its renderer had seen of each, and whether
 * it is as good as new. The response policy reads it to decide how long a shared cache may keep the answer.
 */
export interface Verdict {
  /** Next's kind of the entry: `APP_PAGE`, `APP_ROUTE`, `PAGES`, `REDIRECT`, `FETCH`, `IMAGE`, or `NONE` for a stored not-found. */
  readonly kind: string;
  /** Every tag of the entry, the key's own row included. */
  readonly tags: readonly string[];
  /** What the entry's renderer had seen of them. */
  readonly stamp: Stamp;
  /** Whether the handler served the entry as fresh. Never true for a stale, expired, retained or degraded answer. */
  readonly fresh: boolean;
}

/** What the tags say now about a verdict given earlier, perhaps before a long render. */
export interface Judgement {
  /** The verdict was fresh, and nothing that is known now makes the entry stale or expired. */
  readonly fresh: boolean;
  /** One of the tags was revalidated after the entry's generation began. */
  readonly moved: boolean;
}

/** With one version a tag, `null` where the horizon judges. */
type Packed = [
  kind: string,
  fresh: 0 | 1,
  horizon: number,
  tags: readonly string[],
  versions: readonly (number | null)[],
];

/** One header value: base64url, because tags are free text and a header is not. */
export function encodeVerdict({ kind, fresh, tags, stamp }: Verdict): string {
  const versions = tags.map((tag) => stamp.versions.get(tag) ?? null);
  // JSON has no infinity; a mirror that has not read yet has seen nothing since the epoch either.
  const horizon = Number.isFinite(stamp.horizon) ? stamp.horizon : 0;
  const packed: Packed = [kind, fresh ? 1 : 0, horizon, tags, versions];
  return Buffer.from(JSON.stringify(packed), 'utf8').toString('base64url');
}

/** The verdict in a header's value; `undefined` for anything that {@link encodeVerdict} did not write. */
export function decodeVerdict(header: unknown): Verdict | undefined {
  return typeof header === 'string' && header !== '' ? decode(header) : undefined;
}

/** A hot page brings the same header each time. */
const decode = remembered(2_000_000, (header): Verdict | undefined => {
  try {
    const packed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
    if (!isPacked(packed)) return undefined;
    const [kind, fresh, horizon, tags, versions] = packed;
    const seen = tags.flatMap((tag, position) => {
      const version = versions[position];
      return typeof version === 'number' ? [[tag, version] as const] : [];
    });
    return { kind, tags, stamp: { versions: new Map(seen), horizon }, fresh: fresh === 1 };
  } catch {
    return undefined;
  }
});

function isPacked(value: unknown): value is Packed {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [kind, fresh, horizon, tags, versions] = value as unknown[];
  return (
    typeof kind === 'string' &&
    (fresh === 0 || fresh === 1) &&
    typeof horizon === 'number' &&
    Array.isArray(tags) &&
    tags.every((tag) => typeof tag === 'string') &&
    Array.isArray(versions) &&
    versions.length === tags.length &&
    versions.every((version) => version === null || typeof version === 'number')
  );
}
