import { formatSize } from '../bundle/size';
import { packBundle } from '../bundle/pack';
import { formatDuration, StreamProgress } from '../progress';

export interface BuildCommandOptions {
  readonly skipBuild?: boolean;
  readonly include?: readonly string[];
  readonly dockerfile?: string;
  readonly arch?: string;
}

/** `cdk-nextjs-ecs build DIR` */
export async function build(appDirectory: string, { arch, ...options }: BuildCommandOptions): Promise<void> {
  const since = performance.now();
  const progress = new StreamProgress();
  const target = arch === undefined ? undefined : { os: 'linux', arch };
  const packed = await packBundle({ appDirectory, ...options, target, progress }).finally(() => {
    progress.abandon();
  });
  const { facts, directory } = packed;
  const sizes = `server ${formatSize(packed.server)}, static ${formatSize(packed.static)}`;
  progress.note(
    `\nNext.js ${facts.nextVersion}, build ${facts.buildId}: ${sizes}, in ${formatDuration(performance.now() - since)}`,
  );
  process.stdout.write(`${directory}\n`);
}
