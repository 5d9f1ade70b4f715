import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { Watchdog } from '../../../local/fleet';
import type { FunctionDefinition } from '../../../local/functions/function-definition';
import type { LambdaRuntime } from './lambda-runtime';
import { RuntimeApi, type Verdict } from './runtime-api';

export interface ProcessOptions {
  readonly runtime: LambdaRuntime;
  readonly definition: FunctionDefinition;
  /** Where the function's code lies. */
  readonly directory: string;
  /** Variables besides those of the template and of Lambda: where the services are. */
  readonly services: Readonly<Record<string, string>>;
  /** Ends the process with the tests, however they end: frozen, it would not notice. */
  readonly watchdog: Watchdog;
}

export interface Invocation extends Verdict {
  /** The lines that it wrote meanwhile. */
  readonly lines: readonly string[];
}

/**
 * A function's execution environment: AWS' own client of the Runtime API under Node.js 24, with the variables that Lambda sets and no others,
 * frozen between events, and killed at an event's deadline.
 */
export class LambdaProcess {
  /** Loads the function, for which Lambda gives time of its own. */
  static async start(options: ProcessOptions): Promise<LambdaProcess> {
    let onIdle: () => void = () => undefined;
    const api = await RuntimeApi.start(() => {
      onIdle();
    });
    const child = spawn(options.runtime.node, options.runtime.args, {
      cwd: options.directory,
      env: environmentOf(options, api.address),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (child.pid !== undefined) options.watchdog.guardProcess(child.pid);
    const process = new LambdaProcess(options.definition, api, child);
    const loaded = new Promise<void>((resolve) => {
      onIdle = () => {
        child.kill('SIGSTOP');
        resolve();
      };
    });
    await Promise.race([loaded, process.exited]);
    return process;
  }

  private output = '';
  private readonly exited: Promise<Verdict>;

  private constructor(
    private readonly definition: FunctionDefinition,
    private readonly api: RuntimeApi,
    private readonly child: ChildProcess,
  ) {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        const errorMessage = `Runtime exited: ${String(code ?? signal)}\n${this.output}`;
        resolve({ kind: 'error', body: { errorType: 'Runtime.ExitError', errorMessage } });
      });
    });
  }

  /** @param remaining milliseconds until the deadline; by default the function's timeout */
  async invoke(event: unknown, remaining = this.definition.timeout): Promise<Invocation> {
    this.output = '';
    this.child.kill('SIGCONT');
    const handover = { requestId: randomUUID(), event, deadline: Date.now() + remaining };
    const verdict = this.api.handOver({ ...handover, functionArn: this.definition.arn });
    let timer: NodeJS.Timeout | undefined;
    const timedOut = new Promise<Verdict>((resolve) => {
      timer = setTimeout(() => {
        this.child.kill('SIGKILL');
        const errorMessage = `Task timed out after ${(remaining / 1000).toFixed(2)} seconds`;
        resolve({ kind: 'error', body: { errorType: 'Sandbox.Timedout', errorMessage } });
      }, remaining);
    });
    try {
      const { kind, body } = await Promise.race([verdict, timedOut, this.exited]);
      // What it wrote before its answer lies in the pipe.
      await new Promise(setImmediate);
      return { kind, body, lines: this.output.split('\n').filter((line) => line !== '') };
    } finally {
      clearTimeout(timer);
    }
  }

  /** The most memory that the process has had, in MiB. */
  get peakMemory(): number {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1024;
  }

  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    await this.api.close();
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html */
function environmentOf({ definition, directory, services }: ProcessOptions, api: string): Record<string, string> {
  const [, , , region = ''] = definition.arn.split(':');
  return {
    ...definition.environment,
    ...services,
    _HANDLER: definition.handler,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memorySize),
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${definition.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef',
    // How events are asked for without the client's native part.
    AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: 'true',
    AWS_LAMBDA_RUNTIME_API: api,
    AWS_REGION: region,
    LAMBDA_TASK_ROOT: directory,
    LANG: 'en_US.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    TZ: ':UTC',
  };
}
