import type { Interceptor, Interference, ServiceCall } from '../stores';
import { UserError } from '../user-error';
import { ActiveFault, type CallUnderFault, type FaultState, type Harm, waitFor } from './active-fault';
import { corrupted } from './corruption';
import { type Fault, type FaultTarget, readFault } from './fault';
import { throttlingError } from './throttling-error';

/** The faults of a stack: what is wrong now, and what that does to each call. */
export class Faults {
  /** Sees each call of a service that the faults let through. */
  interceptor: Interceptor | undefined;
  private readonly active = new Map<string, ActiveFault>();
  private readonly partitions = new Map<string, AbortController>();
  private lastId = 0;

  /** The faults that are on, the earliest first. */
  get state(): readonly FaultState[] {
    return [...this.active.values()].map(({ state }) => state);
  }

  /** Turns a fault on. @throws UserError where it makes no sense */
  add(order: Fault): FaultState {
    const id = `fault-${++this.lastId}`;
    const fault = new ActiveFault(id, readFault({ ...order }), () => {
      this.remove(id);
    });
    this.active.set(id, fault);
    return fault.state;
  }

  /** Ends a fault, or all of them. Partitions stay. */
  remove(id?: string): void {
    if (id !== undefined && !this.active.has(id)) {
      const ids = [...this.active.keys()].join(', ') || 'none';
      throw new UserError(`cdk-nextjs-ecs local: there is no fault "${id}"; there are: ${ids}.`);
    }
    for (const [name, fault] of [...this.active]) {
      if (id !== undefined && name !== id) continue;
      this.active.delete(name);
      fault.end();
    }
  }

  /** Cuts a replica off from all services, as a lost route would: its calls hang. Or lets it reach them again. */
  partition(replica: string, isPartitioned: boolean): void {
    if (isPartitioned === this.isPartitioned(replica)) return;
    if (isPartitioned) {
      this.partitions.set(replica, new AbortController());
      return;
    }
    this.partitions.get(replica)?.abort();
    this.partitions.delete(replica);
  }

  isPartitioned(replica: string): boolean {
    return this.partitions.has(replica);
  }

  /** Whether a fault of the target is on. */
  concern(target: FaultTarget): boolean {
    return [...this.active.values()].some((fault) => fault.target === target);
  }

  /** Lets a call meet each fault that concerns it. @param signal aborted when the caller has given up */
  async meet(call: CallUnderFault, signal: AbortSignal): Promise<Harm | undefined> {
    const partition = this.partitions.get(call.replica ?? '');
    if (partition) await waitFor(AbortSignal.any([signal, partition.signal]));
    for (const fault of [...this.active.values()].filter((candidate) => candidate.concerns(call))) {
      const harm = await fault.strike(signal);
      if (harm !== undefined) return harm;
      // Who has given up must not find later that what he asked was done.
      if (signal.aborted) return 'refuse';
    }
    return signal.aborted ? 'refuse' : undefined;
  }

  /** What the services do with each of their calls. */
  readonly intercept: Interceptor = async (call, signal) => {
    const isWell = this.active.size === 0 && this.partitions.size === 0;
    const harm = isWell ? undefined : await this.meet(callUnderFault(call), signal);
    return harm === undefined ? this.interceptor?.(call, signal) : interference(call, harm);
  };

  /** Ends everything. */
  close(): void {
    this.remove();
    for (const replica of [...this.partitions.keys()]) this.partition(replica, false);
  }
}

/** Each replica signs with its own id. */
function callUnderFault({ service, operation, accessKeyId }: ServiceCall): CallUnderFault {
  return { target: service, operation, ...(accessKeyId !== undefined && { replica: accessKeyId }) };
}

function interference({ service }: ServiceCall, harm: Harm): Interference {
  switch (harm) {
    case 'refuse':
      return { kind: 'disconnect' };
    case 'throttle':
      return { kind: 'error', ...throttlingError(service) };
    case 'corrupt':
      return { kind: 'alter', alter: corrupted };
  }
}
