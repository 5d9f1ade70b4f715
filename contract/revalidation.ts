/** What one needs to know of a site to revalidate its content from outside; an output of its stack, as JSON. */
export interface RevalidationTarget {
  /** Name of the DynamoDB table that holds the site's tag rows. */
  readonly table: string;
  /** Name of the site. */
  readonly site: string;
  /** Number of partitions that the site's tag rows are spread over. */
  readonly tagShards: number;
}

/** What is to be revalidated, and how. Without tags or paths nothing is. */
export interface RevalidationRequest extends RevalidationTarget {
  /** As in Next's `revalidateTag` and `updateTag`. */
  readonly tags?: readonly string[];
  /** As in Next's `revalidatePath`, without the base path: `/blog/first`, or a route such as `/blog/[slug]` with `pathType`. */
  readonly paths?: readonly string[];
  /** The second argument of Next's `revalidatePath`. */
  readonly pathType?: 'page' | 'layout';
  /**
   * For how many more seconds the old content may be served while the new one is made; `Infinity` as long as that takes. 0 lets nobody see
   * the old one again: the next request waits for the new one.
   *
   * @default 0
   */
  readonly staleFor?: number;
  /** @default - the environment's, as for every AWS SDK */
  readonly region?: string;
  /** Address of another DynamoDB. @default - the environment's, else AWS' own */
  readonly endpoint?: string;
  /** @default - the environment's, as for every AWS SDK */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Hears of each row that is written. */
  readonly onProgress?: (written: number, total: number) => void;
}

export interface RevalidationResult {
  /** The tags whose rows were written, those of the paths included. */
  readonly tags: readonly string[];
}

/** What `assets/revalidate.mjs` exports. */
export interface RevalidationModule {
  /** The tags whose rows a request writes. */
  readonly tagsOf: (request: Pick<RevalidationRequest, 'tags' | 'paths' | 'pathType'>) => string[];
  /** Rejects, after all were tried, when a row could not be written. */
  readonly revalidate: (request: RevalidationRequest) => Promise<RevalidationResult>;
}

/** File of the module in `assets/`. */
export const REVALIDATION_FILE = 'revalidate.mjs';
