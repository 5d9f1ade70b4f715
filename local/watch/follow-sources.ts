import { SourceWatcher } from './source-watcher';
import type { Sources } from './sources';

/**
 * Does the work anew whenever the sources say something else than when it last began: never twice at a time, and again when they change
 * meanwhile. Fulfilled when the signal is aborted and no work is under way; the work must not throw.
 */
export async function followSources(sources: Sources, work: () => Promise<void>, signal: AbortSignal): Promise<void> {
  let wake: () => void = () => undefined;
  const watcher = new SourceWatcher(sources, () => {
    wake();
  });
  signal.addEventListener('abort', () => {
    wake();
  });
  for (let known = sources.digest(); !signal.aborted;) {
    const changed = new Promise<void>((resolve) => (wake = resolve));
    const now = sources.digest();
    if (now === known) {
      await changed;
    } else {
      known = now;
      await work();
    }
  }
  watcher.close();
}
