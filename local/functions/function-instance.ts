import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

import { readLines, type Watchdog } from '../fleet';
import type { FunctionDefinition } from './function-definition';
import { FUNCTION_RUNTIME } from './function-runtime';
import type { FunctionError, InvocationResult } from './invocation';

export interface InstanceOptions {
  readonly definition: FunctionDefinition;
  /** Where the function's code lies. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly watchdog: Watchdog;
  readonly onLine: (line: string) => void;
}

/** What the process says over its channel. */
interface Message {
  readonly ready?: boolean;
  readonly initError?: FunctionError;
  readonly requestId?: string;
  readonly payload?: string;
  readonly error?: FunctionError;
}

/** Longest wait for a function's module to be loaded, in milliseconds; Lambda's own limit of 10 s is too short for a busy laptop. */
const INIT_TIMEOUT = 60_000;

/** Lambda leaves a tenth of the memory to what is not the JavaScript heap. */
const HEAP_SHARE = 0.9;

/** An execution environment: one process that handles one event at a time, and many one after another. */
export class FunctionInstance {
  private readonly child: ChildProcess;
  private readonly exited: Promise<string>;
  private readonly ready: Promise<FunctionError | undefined>;
  private alive = true;
  private receive: (message: Message) => void = () => undefined;

  constructor(private readonly options: InstanceOptions) {
    const { definition, directory, environment, watchdog, onLine } = options;
    const heap = Math.floor(definition.memorySize * HEAP_SHARE);
    this.child = spawn(process.execPath, [`--max-old-space-size=${heap}`, '--eval', FUNCTION_RUNTIME], {
      cwd: directory,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    if (this.child.pid !== undefined) watchdog.guardProcess(this.child.pid);
    if (this.child.stdout) readLines(this.child.stdout, onLine);
    if (this.child.stderr) readLines(this.child.stderr, onLine);
    this.child.on('message', (message) => {
      this.receive(message as Message);
    });
    this.exited = this.watchExit();
    this.ready = this.waitUntilReady();
  }

  /** Whether it can take another event. */
  get isAlive(): boolean {
    return this.alive;
  }

  /** Never rejects: what goes wrong is an error of the function. */
  async invoke(payload: unknown): Promise<InvocationResult> {
    const requestId = randomUUID();
    const initError = await this.ready;
    if (initError !== undefined) {
      this.kill();
      return failed(requestId, initError);
    }
    const { timeout } = this.options.definition;
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<InvocationResult>((resolve) => {
      timer = setTimeout(() => {
        this.kill();
        const errorMessage = `RequestId: ${requestId} Error: Task timed out after ${(timeout / 1000).toFixed(2)} seconds`;
        resolve(failed(requestId, { errorType: 'Sandbox.Timedout', errorMessage }));
      }, timeout);
    });
    const answered = this.waitForAnswer(requestId);
    const crashed = this.exited.then((how) =>
      failed(requestId, {
        errorType: 'Runtime.ExitError',
        errorMessage: `RequestId: ${requestId} Error: Runtime exited with error: ${how}`,
      }),
    );
    if (this.child.connected) {
      this.child.send({ requestId, event: JSON.stringify(payload), deadline: Date.now() + timeout });
    }
    try {
      return await Promise.race([answered, timedOut, crashed]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the process and whatever it has started, at once. */
  kill(): void {
    this.alive = false;
    killGroup(this.child.pid);
  }

  async close(): Promise<void> {
    this.kill();
    await this.exited;
  }

  private waitForAnswer(requestId: string): Promise<InvocationResult> {
    return new Promise((resolve) => {
      this.receive = (message) => {
        if (message.requestId !== requestId) return;
        if (message.error) resolve(failed(requestId, message.error));
        else resolve({ requestId, payload: JSON.parse(message.payload ?? 'null') });
      };
    });
  }

  private waitUntilReady(): Promise<FunctionError | undefined> {
    const loaded = new Promise<FunctionError | undefined>((resolve) => {
      this.receive = ({ initError }) => {
        resolve(initError);
      };
    });
    const crashed = this.exited.then((how) => ({
      errorType: 'Runtime.ExitError',
      errorMessage: `Error: Runtime exited while it loaded the function: ${how}`,
    }));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<FunctionError>((resolve) => {
      timer = setTimeout(() => {
        resolve({ errorType: 'Sandbox.Timedout', errorMessage: `Error: not loaded after ${INIT_TIMEOUT / 1000} s` });
      }, INIT_TIMEOUT);
    });
    return Promise.race([loaded, crashed, late]).finally(() => {
      clearTimeout(timer);
    });
  }

  private watchExit(): Promise<string> {
    return new Promise((resolve) => {
      const end = (how: string) => {
        this.alive = false;
        // What the function left behind goes with it.
        killGroup(this.child.pid);
        if (this.child.pid !== undefined) this.options.watchdog.releaseProcess(this.child.pid);
        resolve(how);
      };
      this.child.once('error', (error) => {
        if (this.child.pid === undefined) end(error.message);
      });
      this.child.once('exit', (code, signal) => {
        end(signal === null ? `exit status ${String(code)}` : `signal: ${signal}`);
      });
    });
  }
}

function failed(requestId: string, functionError: FunctionError): InvocationResult {
  return { requestId, payload: functionError, functionError };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: nothing of the group is left.
  }
}
