/** What differs between the supported versions of Next.js, as far as the cache is concerned. Everything else is the same code. */
export interface NextBehaviour {
  /** The first version, `major.minor`, that behaves like this. */
  readonly since: readonly [major: number, minor: number];
  /**
   * What makes Next render an expired entry before it answers. `null` always blocks, but drops what only the build could make: the
   * path of a route without further params is a 404 then, and with Cache Components only the fallback shell is left. From 16.3
   * `lastModified: -1` blocks too and keeps the path known; before, it serves the old entry and renders behind it.
   */
  readonly minusOneBlocks: boolean;
  /** Whether Next itself renders an entry anew, before it answers, once the entry's `expire` has passed. */
  readonly expireEnds: boolean;
  /**
   * Where Next looks for the lifetime of an entry that another replica rendered: in what `get` returned, or only in a map of its own
   * process, under the handler's key or under the route made from it. An entry without one is stale after a second.
   */
  readonly lifetimeFrom: 'entry' | 'map-by-key' | 'map-by-route';
  /** Whether Next also takes the router's own prefetches for prefetches, which never regenerate; before only `purpose: prefetch`. */
  readonly knowsRouterPrefetches: boolean;
  /** How the plural handlers get implicit tags and revalidations: one list, or a tag an argument. */
  readonly pluralTags: 'list' | 'variadic';
  /** Whether the image optimizer takes a cache handler at all (from 16.2): before, each process keeps optimized images on its own disk. */
  readonly imageHandler: boolean;
}

/** Newest first. */
const TABLE: readonly NextBehaviour[] = [
  {
    since: [16, 4],
    minusOneBlocks: true,
    expireEnds: true,
    lifetimeFrom: 'entry',
    knowsRouterPrefetches: true,
    pluralTags: 'list',
    imageHandler: true,
  },
  {
    since: [16, 3],
    minusOneBlocks: true,
    expireEnds: true,
    lifetimeFrom: 'map-by-key',
    knowsRouterPrefetches: true,
    pluralTags: 'list',
    imageHandler: true,
  },
  {
    since: [16, 0],
    minusOneBlocks: false,
    expireEnds: false,
    lifetimeFrom: 'map-by-route',
    knowsRouterPrefetches: false,
    pluralTags: 'list',
    imageHandler: true,
  },
  {
    since: [15, 5],
    minusOneBlocks: false,
    expireEnds: false,
    lifetimeFrom: 'map-by-key',
    knowsRouterPrefetches: false,
    pluralTags: 'variadic',
    imageHandler: false,
  },
];

/** How a version of Next behaves; a version newer than the table like the newest in it. */
export function behaviourOf(nextVersion: string): NextBehaviour {
  const [major, minor] = nextVersion.split('.').map(Number);
  const found = TABLE.find(({ since: [sinceMajor, sinceMinor] }) => {
    return (major ?? 0) > sinceMajor || (major === sinceMajor && (minor ?? 0) >= sinceMinor);
  });
  if (found !== undefined) return found;
  throw new Error(`cdk-nextjs-ecs cache: Next.js must be 15.5 or later; this app has ${nextVersion}`);
}
