import { rmSync } from 'node:fs';
import { join, relative } from 'node:path';

import { Bundle, type BundleFacts } from '../../contract';
import { tryReadJson } from '../bundle/files';
import { packBundle } from '../bundle/pack';
import type { StreamProgress } from '../progress';
import type { LocalStack, Scratch } from '../stack';
import { followSources, Sources } from '../watch';
import { synthesize } from './synthesize';

export interface WatchAppOptions {
  /** Folder of the Next.js app. */
  readonly app: string;
  /** Where the stack keeps its data, which may lie among the sources. */
  readonly data?: string;
  /** What runs it. */
  readonly stack: LocalStack;
  readonly scratch: Scratch;
  readonly progress: StreamProgress;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/** Builds the app whenever its sources change and rolls the build out; one that fails leaves what runs. Never rejected. */
export async function watchApp(options: WatchAppOptions): Promise<void> {
  const { app, progress, signal } = options;
  progress.note(`Watching ${app}: what changes is built and rolled out.\n`);
  try {
    await followSources(sourcesOf(options), workOf(options), signal);
  } catch (error) {
    progress.note(`${app} cannot be watched any more: ${describe(error)}`);
  }
}

function workOf(options: WatchAppOptions): () => Promise<void> {
  const { progress, signal } = options;
  const rollout = new Rollout(options);
  return async () => {
    try {
      await rollout.run();
    } catch (error) {
      progress.abandon();
      if (!signal.aborted) progress.note(`\n${describe(error)}\nWhat ran before runs on.\n`);
    }
  };
}

/** From the sources to tasks that run them, again and again. */
class Rollout {
  private count = 0;
  private running?: string;

  constructor(private readonly options: WatchAppOptions) {}

  async run(): Promise<void> {
    const { app, stack, scratch, progress, signal } = this.options;
    const assembly = join(scratch.directory, `cdk.out.${++this.count}`);
    await packBundle({ appDirectory: app, progress });
    signal.throwIfAborted();
    progress.step('Synthesizing the stack');
    await synthesize({ app, outDirectory: assembly, watchdog: scratch.watchdog });
    signal.throwIfAborted();
    const { outcome } = await stack.deploy(assembly);
    progress.note(
      outcome === 'completed'
        ? `\n${stack.url} serves the new build.\n`
        : '\nThe tasks of the new build did not become healthy. What ran before runs on.\n',
    );
    this.keepOnly(outcome === 'completed' ? assembly : this.running, assembly);
  }

  /** Assemblies are as large as the app: none stays that is not needed. */
  private keepOnly(needed: string | undefined, latest: string): void {
    for (const assembly of [this.running, latest]) {
      if (assembly !== undefined && assembly !== needed) rmSync(assembly, { recursive: true, force: true });
    }
    this.running = needed;
  }
}

/** What is written while the app is built and runs: Next.js' output, where the app has named another one, and the data folder. */
function sourcesOf({ app, data }: WatchAppOptions): Sources {
  const facts = tryReadJson(join(app, Bundle.DIRECTORY, Bundle.FACTS_FILE)) as BundleFacts | undefined;
  const output = facts === undefined ? [] : [facts.server.distDirectory];
  return new Sources(app, [...output, ...(data === undefined ? [] : [relative(app, data)])]);
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
