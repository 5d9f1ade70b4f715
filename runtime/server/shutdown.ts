import type { Server } from 'node:http';

import type { Log } from '../log';
import { PostponedExit } from './exit';
import type { HealthCheck } from './health';
import type { InFlight } from './in-flight';
import { type StopSignal, type StopSignals, takeStopSignals } from './signals';

export interface ShutdownOptions {
  readonly health: HealthCheck;
  readonly inFlight: InFlight;
  /** Time between the signal and the kill, in milliseconds. */
  readonly stopTimeout: number;
  readonly log: Log;
  /** Writes what is pending. */
  flush(): Promise<void>;
  /** What would be lost if the process ended now, for the log. */
  pending(): number;
}

const CHECK_EVERY = 50;
/**
 * The balancer has stopped sending when nothing came for this many checks, 1.5 seconds. Not by the clock: a server that had no processor for
 * that long has only not looked.
 */
const QUIET_CHECKS = 30;
/** Of the time to stop, how much waiting for quiet may take; the rest is Next's and the flush's. */
const DRAIN_SHARE = 0.6;
/** Kept in hand, so that the last words are written before the kill. */
const DEADLINE_MARGIN = 1_000;
const MOST_DESCRIBED = 10;

/** Ends the server without failing anybody: drain, let Next finish requests and `after`, write what is pending, exit. */
export class Shutdown {
  private server: Server | undefined;
  private stoppingOn: StopSignal | undefined;
  private readonly exit = new PostponedExit();
  private readonly signals: StopSignals;

  constructor(private readonly options: ShutdownOptions) {
    this.signals = takeStopSignals((signal) => {
      this.onSignal(signal);
    });
  }

  get stopping(): boolean {
    return this.stoppingOn !== undefined;
  }

  serve(server: Server): void {
    this.server = server;
  }

  private onSignal(signal: StopSignal): void {
    if (this.stoppingOn === signal) {
      this.cut('second signal');
      return;
    }
    // A terminal sends SIGINT to the whole group, and whoever started the group then SIGTERM: those two are one wish.
    if (this.stoppingOn !== undefined) return;
    this.stoppingOn = signal;
    this.stop(signal).catch((error: unknown) => {
      this.options.log.error('server.stopFailed', { error });
      this.exit.now(1);
    });
  }

  private async stop(signal: StopSignal): Promise<void> {
    const { health, inFlight, log, stopTimeout } = this.options;
    const began = performance.now();
    health.drain();
    log.info('server.stopping', { signal, inFlight: inFlight.count });
    setTimeout(
      () => {
        this.cut('deadline');
      },
      Math.max(0, stopTimeout - DEADLINE_MARGIN),
    ).unref();
    this.exit.begin();
    for (const response of inFlight.responses) response.shouldKeepAlive = false;
    if (this.server !== undefined) {
      await this.untilQuiet(began + stopTimeout * DRAIN_SHARE);
      await this.closeNext(signal, this.server);
    }
    await this.options.flush();
    log.info('server.stopped', { duration: Math.round(performance.now() - began) });
    this.exit.now(0);
  }

  /** New requests are served while they come: a balancer learns late that it is not to send any. */
  private async untilQuiet(latest: number): Promise<void> {
    const { inFlight } = this.options;
    for (let quietChecks = 0; quietChecks < QUIET_CHECKS && performance.now() < latest;) {
      const { arrivals } = inFlight;
      await new Promise((resolve) => setTimeout(resolve, CHECK_EVERY));
      quietChecks = inFlight.count === 0 && inFlight.arrivals === arrivals ? quietChecks + 1 : 0;
    }
  }

  /** Next closes its port, waits for requests in flight and for `after`, and then wants to exit. */
  private async closeNext(signal: StopSignal, server: Server): Promise<void> {
    const closed = new Promise<void>((resolve) => server.once('close', resolve));
    const listened = this.signals.passOn(signal);
    // With NEXT_MANUAL_SIG_HANDLE Next does not listen, and an app that listens on its own may leave the port open.
    if (server.listening) server.close();
    // What was under way when the port closed may leave a kept connection behind, for which Next would wait.
    const closing = setInterval(() => {
      server.closeIdleConnections();
    }, CHECK_EVERY);
    const manual = process.env.NEXT_MANUAL_SIG_HANDLE !== undefined && process.env.NEXT_MANUAL_SIG_HANDLE !== '';
    await (listened && !manual ? this.exit.requestedByNext : closed);
    clearInterval(closing);
  }

  private cut(reason: string): void {
    const { inFlight, log } = this.options;
    log.error('server.cut', {
      reason,
      requests: inFlight.count,
      cut: inFlight.describe(MOST_DESCRIBED),
      pendingWrites: this.options.pending(),
    });
    this.exit.now(1);
  }
}
