import { builtIn } from './built-in';
import { cdkNextjs } from './cdk-nextjs';
import { openNextLite, openNextNextMode } from './open-next';
import { ours } from './ours';
import type { Peer } from './peer';
import { redis } from './redis';

export { builtIn, cdkNextjs, openNextLite, openNextNextMode, ours, redis };
export { policyAlone } from './ours';
export type { Peer } from './peer';

/** Those that share their entries among replicas, as ours does. */
export const SHARED: readonly Peer[] = [cdkNextjs, openNextLite, openNextNextMode, redis];

/** Those that this machine can run. In CI all have to be there. */
export function present(peers: readonly Peer[], say: (message: string) => void): readonly Peer[] {
  return peers.filter((peer) => {
    const missing = peer.missing?.();
    if (missing === undefined) return true;
    if (process.env.CI !== undefined) throw new Error(`bench: ${peer.title}: ${missing}`);
    say(`without ${peer.title}: ${missing}`);
    return false;
  });
}
