import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CancelUpdateStackCommand, type CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { ask } from './account';
import { PART } from './options';
import { ROOT } from './release';

const CDK = path.join(ROOT, 'node_modules/aws-cdk/bin/cdk');
const POLL = 10_000;

/** A stack on AWS, made and destroyed with the CDK's own command. */
export class CloudStack {
  constructor(
    readonly name: string,
    private readonly cloudFormation: CloudFormationClient,
    /** A folder without a `cdk.json`, whose build would run each time. */
    private readonly scratch: string,
  ) {}

  /** `cdk deploy`. Fulfilled with the site's address; rejected with the signal's reason as soon as it is aborted. */
  async deploy(assembly: string, signal: AbortSignal): Promise<string> {
    const outputs = path.join(this.scratch, 'outputs.json');
    const never = ['--require-approval', 'never', '--outputs-file', outputs];
    await this.cdk(['deploy', this.name, '--app', assembly, ...never], signal);
    const { [this.name]: values = {} } = JSON.parse(await readFile(outputs, 'utf8')) as Outputs;
    const url = Object.values(values).find((value) => value.startsWith('https://'));
    if (url === undefined) throw new Error(`${PART}: stack ${this.name} has no output with the site's address`);
    return url;
  }

  /** `cdk destroy`, whatever is going on. */
  async destroy(assembly: string): Promise<void> {
    await this.untilDeletable();
    await this.cdk(['destroy', this.name, '--app', assembly, '--force']);
  }

  /** What a person has to type to do the same. */
  get destroyCommand(): string {
    return `aws cloudformation delete-stack --stack-name ${this.name} --region ${process.env.AWS_REGION ?? 'REGION'}`;
  }

  /** A stack that is being made can be deleted at once, one that is being changed cannot. */
  private async untilDeletable(): Promise<void> {
    for (;;) {
      const status = (await ask(this.cloudFormation, this.name))?.StackStatus ?? 'NONE';
      if (!/^UPDATE_.*IN_PROGRESS$/.test(status)) return;
      if (status === 'UPDATE_IN_PROGRESS') {
        await this.cloudFormation.send(new CancelUpdateStackCommand({ StackName: this.name }));
      }
      await delay(POLL);
    }
  }

  private async cdk(args: readonly string[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    // In a group of its own: Ctrl-C is for this program to hear, which may still have to wait for its end.
    const child = spawn(process.execPath, [CDK, ...args], {
      cwd: this.scratch,
      stdio: ['ignore', 2, 2],
      detached: true,
    });
    const stop = (): void => {
      killGroup(child);
    };
    signal?.addEventListener('abort', stop);
    try {
      const [code] = (await once(child, 'close')) as [number | null];
      signal?.throwIfAborted();
      if (code !== 0)
        throw new Error(`${PART}: "cdk ${args.slice(0, 2).join(' ')}" ended with ${String(code)}; see above`);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }
}

type Outputs = Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
