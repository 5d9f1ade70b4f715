import { join } from 'node:path';

import type { OutputSink } from '../fleet';
import { formatDuration, StreamProgress } from '../progress';
import { assertPortFree, LocalStack, Scratch } from '../stack';
import { UserError } from '../user-error';
import { defaultApp, prepareApp, variablesOf } from './prepare-app';
import { describeStack, jsonLine } from './report';
import { Shutdown } from './shutdown';
import { synthesize } from './synthesize';

/** The options as the command line gives them. */
export interface LocalCommandOptions {
  readonly app?: string;
  readonly assembly?: string;
  readonly stack?: string;
  readonly port: number;
  readonly replicas?: number;
  readonly env?: Record<string, string>;
  readonly container?: Record<string, string>;
  readonly controlPort: number;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** `cdk-nextjs-ecs local`: fulfilled when the stack was stopped by a signal. */
export async function local(options: LocalCommandOptions): Promise<void> {
  const since = performance.now();
  const progress = new StreamProgress();
  const shutdown = new Shutdown();
  if (options.app !== undefined && options.assembly !== undefined) {
    throw new UserError(
      'cdk-nextjs-ecs local: --app and --assembly exclude each other: an assembly brings its app along.',
    );
  }
  await assertPortFree(options.port, '--port');
  await assertPortFree(options.controlPort, '--control-port');

  const scratch = new Scratch();
  try {
    const app = options.app ?? defaultApp();
    const assembly = options.assembly ?? (await makeAssembly(app, scratch, progress));
    const stack = await LocalStack.start(assembly, {
      stack: options.stack,
      port: options.port,
      controlPort: options.controlPort,
      replicas: options.replicas,
      environment:
        options.assembly === undefined ? { ...variablesOf(app, scratch.directory), ...options.env } : options.env,
      containers: options.container,
      progress,
      output: options.verbose === true ? printOutput : undefined,
    });
    try {
      progress.note(describeStack(stack, formatDuration(performance.now() - since)));
      if (options.json === true) process.stdout.write(`${jsonLine(stack)}\n`);
      await shutdown.wait();
      progress.step('Stopping');
    } finally {
      // The replicas have files of their own: the assembly may go while they end.
      await Promise.all([stack.stop(), scratch.close()]);
    }
    progress.done();
  } finally {
    progress.abandon();
    await scratch.close();
    shutdown.dispose();
  }
}

async function makeAssembly(app: string, scratch: Scratch, progress: StreamProgress): Promise<string> {
  await prepareApp(app, progress);
  progress.step('Synthesizing the stack');
  const outDirectory = join(scratch.directory, 'cdk.out');
  await synthesize({ app, outDirectory, watchdog: scratch.watchdog });
  progress.done();
  return outDirectory;
}

const printOutput: OutputSink = (replica, line) => {
  process.stderr.write(`[${replica}] ${line}\n`);
};
