import { Agent } from 'node:http';
import type { Socket } from 'node:net';

export interface TargetAddress {
  readonly host: string;
  readonly port: number;
}

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'draining' | 'unused';

/** @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html#target-health-states */
export interface TargetHealth extends TargetAddress {
  readonly state: TargetState;
  /** ALB's reason code, for example `Target.FailedHealthChecks`. */
  readonly reason?: string;
  readonly description?: string;
  /** Requests under way. */
  readonly outstanding: number;
}

/** One registered target: its health, its requests under way and its connections. */
export class Target implements TargetAddress {
  readonly host: string;
  readonly port: number;
  readonly agent: Agent;
  state: TargetState = 'initial';
  reason: string | undefined = 'Elb.RegistrationInProgress';
  description: string | undefined;
  private readonly requests = new Set<() => void>();
  private readonly idleListeners: (() => void)[] = [];

  /** @param idleTimeout seconds an unused connection is kept */
  constructor(address: TargetAddress, idleTimeout: number) {
    this.host = address.host;
    this.port = address.port;
    this.agent = new TargetAgent(idleTimeout);
  }

  get id(): string {
    return `${this.host}:${String(this.port)}`;
  }

  get outstanding(): number {
    return this.requests.size;
  }

  get health(): TargetHealth {
    const { host, port, state, reason, description, outstanding } = this;
    return {
      host,
      port,
      state,
      ...(reason === undefined ? {} : { reason }),
      ...(description === undefined ? {} : { description }),
      outstanding,
    };
  }

  /** Counts a request until the returned function is called; `cancel` ends it when the target leaves before. */
  begin(cancel: () => void): () => void {
    this.requests.add(cancel);
    return () => {
      if (!this.requests.delete(cancel) || this.requests.size > 0) return;
      for (const listener of this.idleListeners.splice(0)) listener();
    };
  }

  /** Settles when no request is under way. */
  idle(): Promise<void> {
    if (this.requests.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.idleListeners.push(resolve));
  }

  /** Ends what is under way and every connection. */
  close(): void {
    for (const cancel of [...this.requests]) cancel();
    this.agent.destroy();
  }
}

/**
 * Keeps connections for the balancer's own idle timeout, whatever `Keep-Alive` the target announces: ALB does not read it. A target
 * that closes earlier is answered for with a 502 now and then, here as there.
 */
class TargetAgent extends Agent {
  constructor(private readonly idleTimeout: number) {
    super({ keepAlive: true, scheduling: 'lifo', timeout: idleTimeout * 1000 });
  }

  // `keepSocketAlive` is documented for overriding: https://nodejs.org/api/http.html#agentkeepsocketalivesocket
  override keepSocketAlive(socket: Socket): boolean {
    socket.setKeepAlive(true, 1000);
    socket.setTimeout(this.idleTimeout * 1000);
    socket.unref();
    return true;
  }
}
