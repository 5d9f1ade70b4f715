import type { Clock } from './clock';
import type { RequestState } from './request-state';

/** Keys remembered at once. Those whose render failed stay until they are set again, or until they are the oldest. */
const KEYS_KEPT = 1000;

/**
 * The on-demand revalidations (`res.revalidate()`) under way in this process. Next joins one to a render of the same key that is under
 * way already, whose content may be older than the call: no on-demand `set` follows then, only the ordinary one.
 * https://github.com/vercel/next.js/blob/v16.2.0/packages/next/src/server/response-cache/index.ts, `revalidateBatcher`
 */
export class JoinedRevalidations {
  private readonly pending = new Map<string, RequestState[]>();

  constructor(private readonly clock: Clock) {}

  /** Notes that an on-demand revalidation of the key begins. Resolves when no render is left that was settled before and could be joined. */
  async begin(objectKey: string, state: RequestState): Promise<void> {
    const known = this.pending.get(objectKey) ?? [];
    this.pending.delete(objectKey);
    this.pending.set(objectKey, [...known, state]);
    if (this.pending.size > KEYS_KEPT) this.forgetOldest();
    await new Promise<void>((resolve) => {
      this.clock.defer(resolve);
    });
  }

  /**
   * The requests whose revalidation may have joined the render that is being set: all that are pending, even those that were noted
   * before it began, for they go on later. To be called at the end of `set`, up to which renders can be joined.
   */
  settle(objectKey: string): readonly RequestState[] {
    const joined = this.pending.get(objectKey) ?? [];
    this.pending.delete(objectKey);
    return joined;
  }

  private forgetOldest(): void {
    const oldest = this.pending.keys().next();
    if (oldest.done !== true) this.pending.delete(oldest.value);
  }
}
