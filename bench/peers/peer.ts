import type { Ground } from '../harness/lab';
import type { Scope } from '../harness/scope';
import type { Launch } from '../harness/server';

/** A way to keep what Next.js caches. */
export interface Peer {
  readonly name: string;
  readonly title: string;
  /** Why it cannot be measured here; undefined where it can. */
  readonly missing?: () => string | undefined;
  /**
   * @param name by which the replica signs its calls
   * @param scope of the files that it needs
   */
  readonly launch: (ground: Ground, name: string, scope: Scope) => Promise<Launch>;
}
