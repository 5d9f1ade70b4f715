import { remembered } from '../remembered';

/** The directives of a Cache-Control header that decide about shared caches. */
export interface CacheControl {
  readonly public: boolean;
  /** `private`, `no-store` or `no-cache`: CloudFront keeps none of them where the minimum TTL is 0. */
  readonly withheld: boolean;
  readonly immutable: boolean;
  readonly maxAge: number | undefined;
  readonly sharedMaxAge: number | undefined;
  /** The longer of `stale-while-revalidate` and `stale-if-error`, both of which CloudFront follows. */
  readonly staleFor: number;
}

/** Of what stands in few variants in nearly every answer. */
export const parseCacheControl = remembered(10_000, parse);

function parse(value: string): CacheControl {
  const directives = new Map<string, string>();
  for (const part of value.split(',')) {
    const [name = '', argument = ''] = part.split('=', 2);
    const key = name.trim().toLowerCase();
    // RFC 9111, 4.2.1: of a directive given twice the first, or the most restrictive, counts.
    if (key !== '' && !directives.has(key)) directives.set(key, argument.trim().replace(/^"(.*)"$/, '$1'));
  }
  const seconds = (name: string): number | undefined => toSeconds(directives.get(name));
  return {
    public: directives.has('public'),
    withheld: directives.has('private') || directives.has('no-store') || directives.has('no-cache'),
    immutable: directives.has('immutable'),
    maxAge: seconds('max-age'),
    sharedMaxAge: seconds('s-maxage'),
    staleFor: Math.max(seconds('stale-while-revalidate') ?? 0, seconds('stale-if-error') ?? 0),
  };
}

/** How long a shared cache takes the answer for fresh, in seconds. */
export function sharedLifetime(cacheControl: CacheControl): number {
  return cacheControl.sharedMaxAge ?? cacheControl.maxAge ?? 0;
}

/** Whether CloudFront (minimum and default TTL 0) would give the answer to a second viewer without asking the server. */
export function isShared(cacheControl: CacheControl): boolean {
  return !cacheControl.withheld && sharedLifetime(cacheControl) + cacheControl.staleFor > 0;
}

/** RFC 9111, 1.2.2: an unreadable lifetime counts as none. */
function toSeconds(argument: string | undefined): number | undefined {
  if (argument === undefined) return undefined;
  return /^\d+$/.test(argument) ? Number(argument) : 0;
}
