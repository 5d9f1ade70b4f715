import { setTimeout as delay } from 'node:timers/promises';

import type { Fault, FaultTarget } from './fault';

/** A fault that is on, as JSON. */
export interface FaultState extends Fault {
  readonly id: string;
  /** How many calls have met it. */
  readonly met: number;
}

/** A call on its way to what may fail. */
export interface CallUnderFault {
  readonly target: FaultTarget;
  /** The replica that calls, where one does. */
  readonly replica?: string;
  readonly operation?: string;
}

/** What a call has to bear in place of its ordinary answer. */
export type Harm = 'refuse' | 'throttle' | 'corrupt';

/** A fault from its order to its end. */
export class ActiveFault {
  private readonly over = new AbortController();
  private readonly timer?: NodeJS.Timeout;
  private met = 0;

  constructor(
    readonly id: string,
    private readonly fault: Fault,
    onOver: () => void,
  ) {
    if (fault.seconds === undefined) return;
    this.timer = setTimeout(onOver, fault.seconds * 1000);
    this.timer.unref();
  }

  get state(): FaultState {
    return { id: this.id, ...this.fault, met: this.met };
  }

  get target(): FaultTarget {
    return this.fault.target;
  }

  concerns(call: CallUnderFault): boolean {
    const { target, replica, operation, rate = 1 } = this.fault;
    if (target !== call.target) return false;
    if (replica !== undefined && replica !== call.replica) return false;
    if (operation !== undefined && operation !== call.operation) return false;
    return rate === 1 || Math.random() < rate;
  }

  /** Lets a call wait or tells what it has to bear. @param signal aborted when the caller has given up */
  async strike(signal: AbortSignal): Promise<Harm | undefined> {
    this.met++;
    const { kind, milliseconds } = this.fault;
    if (kind !== 'hang' && kind !== 'slow') return kind;
    await waitFor(AbortSignal.any([signal, this.over.signal]), kind === 'slow' ? milliseconds : undefined);
    return undefined;
  }

  /** Calls that hang go on. */
  end(): void {
    clearTimeout(this.timer);
    this.over.abort();
  }
}

/** Waits until the signal is aborted, or a time has passed. */
export async function waitFor(signal: AbortSignal, milliseconds?: number): Promise<void> {
  if (milliseconds !== undefined) {
    await delay(milliseconds, undefined, { signal }).catch(() => undefined);
  } else if (!signal.aborted) {
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true });
    });
  }
}
