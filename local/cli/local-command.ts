import { join } from 'node:path';

import { findOwnPackage } from '../bundle/package';
import type { OutputSink } from '../fleet';
import { formatDuration, StreamProgress } from '../progress';
import { assertPortFree, DataDirectory, LocalStack, Scratch } from '../stack';
import { UserError } from '../user-error';
import { AssemblyCache } from './assembly-cache';
import { explainRunning, printWays } from './explain-command';
import type { KeptAssembly } from './kept-assembly';
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
  readonly data?: string;
  readonly watch?: boolean;
  readonly explain?: readonly string[];
  readonly control?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** `cdk-nextjs-ecs local`: fulfilled when the stack was stopped by a signal, or what was to be explained is. */
export async function local(given: LocalCommandOptions): Promise<void> {
  const { explain } = given;
  // A stack that is started for one question needs no port that somebody knows.
  const options = explain === undefined ? given : { ...given, port: 0 };
  const since = performance.now();
  const progress = new StreamProgress();
  refuseContradictions(options);
  if (explain !== undefined && (await explainRunning({ ...options, explain }))) return;
  const shutdown = new Shutdown();
  await assertPortFree(options.port, '--port');
  await assertPortFree(options.controlPort, '--control-port');

  const scratch = new Scratch();
  const end = new AbortController();
  const { signal } = end;
  try {
    const app = options.app ?? defaultApp();
    const stack = await startStack(app, options, scratch, progress);
    let watching = Promise.resolve();
    try {
      if (explain !== undefined) {
        await printWays({ ...options, explain }, (path) => stack.explain(path));
      } else {
        progress.note(describeStack(stack, formatDuration(performance.now() - since)));
        if (options.json === true) process.stdout.write(`${jsonLine(stack)}\n`);
        if (options.watch === true) {
          const { watchApp } = await import('./watch-app');
          watching = watchApp({ app, data: options.data, stack, scratch, progress, signal });
        }
        await shutdown.wait();
      }
      progress.step('Stopping');
    } finally {
      end.abort();
      // The replicas have files of their own: the assembly may go while they end.
      await Promise.all([stack.stop(), watching.then(() => scratch.close())]);
    }
    progress.done();
  } finally {
    progress.abandon();
    await scratch.close();
    shutdown.dispose();
  }
}

function refuseContradictions({ app, assembly, watch, explain, control }: LocalCommandOptions): void {
  if (control !== undefined && (explain === undefined || app !== undefined || assembly !== undefined)) {
    throw new UserError(
      'cdk-nextjs-ecs local: --control names the running stack that --explain asks: it needs --explain, and excludes --app and --assembly.',
    );
  }
  if (explain !== undefined && watch === true) {
    throw new UserError(
      'cdk-nextjs-ecs local: --explain and --watch exclude each other: one ends, the other does not.',
    );
  }
  if (assembly === undefined) return;
  if (app !== undefined) {
    throw new UserError(
      'cdk-nextjs-ecs local: --app and --assembly exclude each other: an assembly brings its app along.',
    );
  }
  if (watch === true) {
    throw new UserError(
      'cdk-nextjs-ecs local: --watch needs the sources of --app; received --assembly. Its next output is taken over by POST /deploy.',
    );
  }
}

async function startStack(
  app: string,
  options: LocalCommandOptions,
  scratch: Scratch,
  progress: StreamProgress,
): Promise<LocalStack> {
  const { assembly, data, stack, port, controlPort, replicas, env, container } = options;
  const appData = data === undefined ? scratch.directory : DataDirectory.forApp(data);
  const directory = assembly ?? join(scratch.directory, 'cdk.out');
  const kept = assembly === undefined ? await makeAssembly(app, directory, scratch, progress) : undefined;
  const started = await LocalStack.start(directory, {
    stack,
    port,
    controlPort,
    replicas,
    environment: assembly === undefined ? { ...variablesOf(app, appData), ...env } : env,
    data,
    containers: container,
    progress,
    output: options.verbose === true ? printOutput : endingsTo(progress),
  });
  await kept?.own();
  return started;
}

/** Answers the assembly of an earlier start, where it is that one. */
async function makeAssembly(
  app: string,
  outDirectory: string,
  { watchdog }: Scratch,
  progress: StreamProgress,
): Promise<KeptAssembly | undefined> {
  await prepareApp(app, progress);
  progress.step('Synthesizing the stack');
  const cache = new AssemblyCache(app, findOwnPackage().directory);
  const kept = cache.tryPlace(outDirectory);
  if (kept === undefined) {
    await synthesize({ app, outDirectory, watchdog });
    await cache.keep(outDirectory);
  }
  progress.done(kept && 'as before');
  return kept;
}

const printOutput: OutputSink = (replica, line) => {
  process.stderr.write(`[${replica}] ${line}\n`);
};

/** Not what the replicas print, but what is said of them: why one of their tasks has ended. */
function endingsTo(progress: StreamProgress): OutputSink {
  return (replica, line) => {
    if (line.startsWith(`${replica}: `)) progress.note(line);
  };
}
