import type { Answered } from '../with-server';

/** Which rendering an answer of the fixture's is, whether as a page, as its payload or as JSON. */
export function renderOf({ body }: Answered): string {
  return /data-render-id"?[=:]"([^"]+)"/.exec(body)?.[1] ?? /"id":"([^"]+)"/.exec(body)?.[1] ?? 'none';
}

/** The datum that it shows. */
export function valueOf({ body }: Answered): string {
  return /data-value"?[=:]"([^"]+)"/.exec(body)?.[1] ?? /"value":"([^"]+)"/.exec(body)?.[1] ?? 'none';
}

/** The process that rendered it. */
export function pidOf({ body }: Answered): string {
  return /data-pid="([^"]+)"/.exec(body)?.[1] ?? 'none';
}

/** What Next.js says of where it has the answer from. */
export function stateOf({ headers }: Answered): string {
  return String(headers['x-nextjs-cache'] ?? 'none');
}

/** Shared caches may keep it for no more than a second. */
export const CAPPED = 's-maxage=1';

/** What an entry with that period says while it is fresh. */
export function lifetimeOf(revalidate: number): RegExp {
  return new RegExp(`^s-maxage=${revalidate}(, stale-while-revalidate=\\d+)?$`);
}
