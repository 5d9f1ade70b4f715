import { type ChildProcess, spawn } from 'node:child_process';

import { readLines } from './output';
import type { ProcessSpec } from './process-spec';
import type { Watchdog } from './watchdog';

/** How a process ended, in words: `exited with code 1`. */
export type Ending = string;

/** One container as a process group of its own, so that neither Ctrl-C reaches it behind our back nor a grandchild outlives it. */
export class ContainerProcess {
  /** Fulfilled when the process has ended and nothing of its group is left. */
  readonly ended: Promise<Ending>;
  private readonly child: ChildProcess;
  private running = true;
  private stopping?: Promise<void>;
  private cause?: Ending;

  constructor(
    spec: ProcessSpec,
    private readonly watchdog: Watchdog,
    onLine: (line: string) => void,
  ) {
    this.child = spawn(spec.file, spec.args, {
      cwd: spec.directory,
      env: spec.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (this.pid !== undefined) watchdog.guardProcess(this.pid);
    if (this.child.stdout) readLines(this.child.stdout, onLine);
    if (this.child.stderr) readLines(this.child.stderr, onLine);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => {
        onLine(`cannot run ${spec.file} in ${spec.directory}: ${error.message}`);
        if (this.pid === undefined) this.end(resolve, 'did not start');
      });
      this.child.once('exit', (code, signal) => {
        const ending = signal === null ? `exited with code ${String(code)}` : `was killed by ${signal}`;
        this.end(resolve, this.cause ?? ending);
      });
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** As ECS stops a container: one SIGTERM to the main process, and SIGKILL after the stop timeout (in milliseconds). */
  stop(timeout: number): Promise<void> {
    this.stopping ??= this.terminate(timeout);
    return this.stopping;
  }

  /** Ends the whole group at once. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.running) killGroup(this.pid, signal);
  }

  /** Ends it as the kernel ends a container that takes too much memory. */
  killForMemory(reason: string): void {
    if (!this.running) return;
    this.cause = `exited with code 137: ${reason}`;
    this.kill();
  }

  private async terminate(timeout: number): Promise<void> {
    if (!this.running) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => {
      this.kill();
    }, timeout);
    await this.ended;
    clearTimeout(timer);
  }

  private end(resolve: (ending: Ending) => void, ending: Ending): void {
    this.running = false;
    // A container ends with its main process: whatever that one left behind goes too.
    killGroup(this.pid, 'SIGKILL');
    if (this.pid !== undefined) this.watchdog.releaseProcess(this.pid);
    resolve(ending);
  }
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nothing of the group is left.
  }
}
