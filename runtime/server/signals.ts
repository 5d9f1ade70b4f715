export type StopSignal = 'SIGTERM' | 'SIGINT';
const STOP_SIGNALS: readonly StopSignal[] = ['SIGTERM', 'SIGINT'];

/** What the process was about to do with a stop signal, and can still do later. */
export interface StopSignals {
  /** Hands the signal to the listeners of Next and of the app; false when there are none. */
  passOn(signal: StopSignal): boolean;
}

/**
 * Keeps stop signals from everybody else's listeners, Next's first of all, which would close the port at once. The listeners stay registered as
 * usual and get the signal when it is passed on.
 *
 * Node.js delivers a signal by the `process.emit` that it finds when the first listener is registered:
 * https://github.com/nodejs/node/blob/v20.20.0/lib/internal/process/signal.js
 */
export function takeStopSignals(onSignal: (signal: StopSignal) => void): StopSignals {
  const emit = Reflect.get(process, 'emit') as (event: string | symbol, ...args: unknown[]) => boolean;

  function guardedEmit(this: NodeJS.Process, event: string | symbol, ...args: unknown[]): boolean {
    const signal = STOP_SIGNALS.find((name) => name === event);
    if (signal === undefined) return Reflect.apply(emit, this, [event, ...args]);
    onSignal(signal);
    return true;
  }
  Object.defineProperty(process, 'emit', { value: guardedEmit, configurable: true, writable: true });

  const keepListening = (): void => undefined;
  for (const signal of STOP_SIGNALS) {
    const earlier = process.listeners(signal);
    // Node.js looks for process.emit anew once nobody has listened.
    process.removeAllListeners(signal);
    process.on(signal, keepListening);
    for (const listener of earlier) process.on(signal, listener);
  }

  return {
    passOn: (signal) => {
      process.removeListener(signal, keepListening);
      const hadListeners = process.listenerCount(signal) > 0;
      if (hadListeners) Reflect.apply(emit, process, [signal, signal]);
      process.prependListener(signal, keepListening);
      return hadListeners;
    },
  };
}
