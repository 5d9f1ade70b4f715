import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Clock } from './clock';
import type { Ending } from './container-process';
import { type OutputSink, OutputTail } from './output';
import type { Revision } from './revision';
import { type MemoryState, Task, type TaskPlan } from './task';

export type ReplicaStatus = 'starting' | 'healthy' | 'unhealthy' | 'restarting' | 'stopping' | 'stopped';

const HEALTH_POLL = 50;

/** What a replica is doing, as JSON. */
export interface ReplicaState {
  readonly id: string;
  readonly url?: string;
  readonly state: ReplicaStatus;
  readonly pid?: number;
  /** How often the replica's task has been replaced because it ended by itself. */
  readonly restarts: number;
  /** How the last task that ended by itself did. */
  readonly lastEnd?: Ending;
  /** Whether its processes stand still (SIGSTOP). */
  readonly frozen: boolean;
  /** How wrong its clock is, in milliseconds. */
  readonly skew: number;
  readonly memory?: MemoryState;
}

/** Wait before the first restart, in milliseconds; doubled with each failure in a row. */
const FIRST_BACK_OFF = 200;
const LONGEST_BACK_OFF = 10_000;

/** A task that ran for so long had started well: its end counts as the first failure again. */
const STABLE_AFTER = 30_000;

/** One of the service's places, filled by one task after another as they end. */
export class Replica {
  /** The last lines of all its tasks. */
  readonly output = new OutputTail();
  /** Tasks that have ended since the replica was waited for to be healthy. */
  failedStarts = 0;
  private readonly plan: TaskPlan;
  private task?: Task;
  private readonly clock: Clock;
  private restarts = 0;
  private lastEnd?: Ending;
  private frozen = false;
  private status: 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped' = 'starting';
  private readonly stopped = new AbortController();
  private readonly supervision: Promise<void>;

  constructor(
    readonly id: string,
    /** What it runs. */
    readonly revision: Revision,
    plan: TaskPlan,
    private readonly directory: string,
    private readonly sink: OutputSink,
  ) {
    // Each replica signs with a key of its own, by which the stores can tell the replicas apart.
    this.plan = { ...plan, services: { ...plan.services, AWS_ACCESS_KEY_ID: id } };
    this.clock = new Clock(join(directory, `${id}-clock`));
    this.supervision = this.supervise();
  }

  /** Address of its task; undefined while there is none. */
  get url(): string | undefined {
    return this.task?.url;
  }

  get state(): ReplicaState {
    const { id, restarts, task, lastEnd, frozen, clock } = this;
    return {
      id,
      url: task?.url,
      state: this.describeStatus(),
      pid: task?.pid,
      restarts,
      ...(lastEnd !== undefined && { lastEnd }),
      frozen,
      skew: clock.skew,
      ...(task && { memory: task.memory }),
    };
  }

  /** Whether it is to end for good, or has. */
  isEnding(): boolean {
    return this.stopped.signal.aborted;
  }

  /** Ends the replica for good. */
  async stop(options: { drain: boolean; stopTimeout?: number }): Promise<void> {
    this.stopped.abort();
    this.status = 'stopping';
    await this.task?.stop(options);
    await this.supervision;
    await this.clock.close();
    this.status = 'stopped';
  }

  /** Sends a signal to all of the task's processes; it is replaced when it ends of it. */
  kill(signal?: NodeJS.Signals): void {
    this.task?.kill(signal);
    if (this.task && (signal === 'SIGSTOP' || signal === 'SIGCONT')) this.frozen = signal === 'SIGSTOP';
  }

  /** Puts its clock wrong, for this task and those that follow. @param milliseconds ahead of the right time */
  skew(milliseconds: number): void {
    this.clock.set(milliseconds);
  }

  private describeStatus(): ReplicaStatus {
    if (this.status !== 'running') return this.status;
    switch (this.task?.health) {
      case 'healthy':
        return 'healthy';
      case 'unhealthy':
        return 'unhealthy';
      case 'initial':
        return 'starting';
      case 'draining':
        return 'stopping';
      default:
        return 'restarting';
    }
  }

  private async supervise(): Promise<void> {
    for (let run = 1, failures = 0; ; run++) {
      const since = performance.now();
      await this.runTask(join(this.directory, `${this.id}-${run}`));
      if (this.isEnding()) return;
      this.status = 'restarting';
      this.restarts++;
      failures = performance.now() - since > STABLE_AFTER ? 1 : failures + 1;
      const backOff = Math.min(FIRST_BACK_OFF * 2 ** (failures - 1), LONGEST_BACK_OFF);
      await delay(backOff, undefined, { signal: this.stopped.signal }).catch(() => undefined);
      if (this.isEnding()) return;
    }
  }

  private async runTask(directory: string): Promise<void> {
    try {
      const task = await Task.start(this.plan, directory, this.clock, (line) => {
        this.print(line);
      });
      this.task = task;
      // Stopped while it was on its way: `stop()` has not seen it.
      if (this.isEnding()) await task.stop({ drain: false });
      else this.status = 'running';
      void this.endIfNeverHealthy(task);
      const ending = await task.ended;
      if (this.isEnding()) return;
      this.lastEnd = ending;
      this.print(`${this.id}: ${ending}`);
    } catch (error) {
      this.print(`${this.id}: ${error instanceof Error ? error.message : String(error)}`);
      await rm(directory, { recursive: true, force: true });
    } finally {
      this.failedStarts++;
      this.task = undefined;
      this.frozen = false;
    }
  }

  /** ECS stops a task whose target never passes its health checks; one that was healthy once is left alone here. */
  private async endIfNeverHealthy(task: Task): Promise<void> {
    const since = performance.now();
    while (this.task === task && !this.isEnding() && task.health !== 'healthy') {
      if (task.health === 'unhealthy' && performance.now() - since >= this.plan.healthCheckGracePeriod) {
        this.print(`${this.id}: failed its health checks`);
        await task.stop({ drain: false });
        return;
      }
      await delay(HEALTH_POLL, undefined, { signal: this.stopped.signal }).catch(() => undefined);
    }
  }

  private print(line: string): void {
    this.output.push(line);
    this.sink(this.id, line);
  }
}
