import { request } from 'node:http';

import type { Target } from './target';
import type { HealthCheckSettings } from './target-group-settings';

export interface HealthCheckPace {
  /** Factor on the interval. */
  readonly timeScale: number;
  /** Milliseconds between checks of a target that has not been healthy yet. */
  readonly initialInterval: number;
}

/** Checks one target again and again, and sets its state after ALB's thresholds. */
export class HealthCheck {
  private timer: NodeJS.Timeout | undefined;
  private successes = 0;
  private failures = 0;
  private stopped = false;
  private readonly started = performance.now();

  constructor(
    private readonly target: Target,
    private readonly settings: HealthCheckSettings,
    private readonly pace: HealthCheckPace,
    private readonly changed: () => void,
  ) {
    void this.run();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    const failure = await this.check();
    if (this.stopped) return;
    this.judge(failure);
    const interval =
      this.target.state === 'initial' ? this.pace.initialInterval : this.settings.interval * 1000 * this.pace.timeScale;
    this.timer = setTimeout(() => void this.run(), interval);
    this.timer.unref();
  }

  /** A new target must pass one check; afterwards the thresholds count checks in a row. */
  private judge(failure: Failure | undefined): void {
    const { target, settings } = this;
    const before = target.state;
    this.successes = failure === undefined ? this.successes + 1 : 0;
    this.failures = failure === undefined ? 0 : this.failures + 1;
    if (failure === undefined && (before === 'initial' || this.successes >= settings.healthyThreshold)) {
      this.set('healthy', undefined);
    } else if (
      failure !== undefined &&
      (before === 'initial' ? this.isOverdue() : this.failures >= settings.unhealthyThreshold)
    ) {
      this.set('unhealthy', failure);
    } else if (failure !== undefined) {
      if (before === 'initial') target.reason = 'Elb.InitialHealthChecking';
      target.description = failure.description;
    }
    if (target.state !== before) this.changed();
  }

  private set(state: 'healthy' | 'unhealthy', failure: Failure | undefined): void {
    const { target } = this;
    target.state = state;
    target.reason = failure?.reason;
    target.description = failure?.description;
  }

  /** First checks may come faster than ALB's; a target that is still starting has the same time nevertheless. */
  private isOverdue(): boolean {
    const { interval, unhealthyThreshold } = this.settings;
    return performance.now() - this.started >= interval * 1000 * this.pace.timeScale * (unhealthyThreshold - 1);
  }

  /** Undefined when the target is well. Each check has a connection of its own. */
  private check(): Promise<Failure | undefined> {
    const { target, settings } = this;
    const port = settings.port ?? target.port;
    return new Promise((resolve) => {
      const outgoing = request({
        host: target.host,
        port,
        path: settings.path,
        agent: false,
        headers: {
          host: `${target.host}:${String(port)}`,
          'user-agent': 'ELB-HealthChecker/2.0',
          'accept-encoding': 'gzip, compressed',
          connection: 'close',
        },
      });
      const timer = setTimeout(() => {
        resolve({ reason: 'Target.Timeout', description: 'Request timed out' });
        outgoing.destroy();
      }, settings.timeout * 1000);
      outgoing.on('response', (response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        resolve(
          settings.isSuccess(status)
            ? undefined
            : {
                reason: 'Target.ResponseCodeMismatch',
                description: `Health checks failed with these codes: [${String(status)}]`,
              },
        );
      });
      outgoing.on('error', (error) => {
        resolve({ reason: 'Target.FailedHealthChecks', description: `Health checks failed: ${error.message}` });
      });
      outgoing.on('close', () => {
        clearTimeout(timer);
      });
      outgoing.end();
    });
  }
}

interface Failure {
  readonly reason: string;
  readonly description: string;
}
