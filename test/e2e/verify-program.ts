import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const PROGRAM = path.resolve(import.meta.dirname, '../../scripts/verify-on-aws');

/** `scripts/verify-on-aws`, as somebody without an AWS configuration runs it. */
export class VerifyProgram {
  readonly process: ChildProcess;
  /** Its exit code. */
  readonly ended: Promise<number | null>;
  private readonly output = { stdout: '', stderr: '' };

  /** @param home its folder, and its user's */
  constructor(args: readonly string[], home: string, environment: NodeJS.ProcessEnv = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(AWS_|CDK_|NODE_ENV$|INIT_CWD$)/.test(name));
    this.process = spawn(PROGRAM, args, {
      cwd: home,
      env: { ...Object.fromEntries(inherited), HOME: home, AWS_EC2_METADATA_DISABLED: 'true', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const name of ['stdout', 'stderr'] as const) {
      this.process[name]?.on('data', (chunk: Buffer) => (this.output[name] += chunk.toString()));
    }
    this.ended = once(this.process, 'close').then(([code]) => code as number | null);
  }

  get stdout(): string {
    return this.output.stdout;
  }

  get stderr(): string {
    return this.output.stderr;
  }

  /** Ctrl-C, as soon as it says something on standard error, unless it has ended before. */
  async interruptAt(said: RegExp): Promise<void> {
    const { stderr } = this.process;
    const heard = new Promise<void>((resolve) => {
      stderr?.on('data', () => {
        if (said.test(this.stderr)) resolve();
      });
    });
    await Promise.race([heard, this.ended]);
    this.process.kill('SIGINT');
  }
}
