const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Does something when a signal is about to end this process, which then ends as it would have without.
 *
 * @returns what takes the arrangement back
 */
export function beforeInterrupt(action: (signal: NodeJS.Signals) => void): () => void {
  const release = (): void => {
    for (const signal of SIGNALS) process.removeListener(signal, interrupt);
  };
  const interrupt = (signal: NodeJS.Signals): void => {
    release();
    action(signal);
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, interrupt);
  return release;
}
