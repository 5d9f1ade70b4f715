import { formatSize } from '../bundle/size';
import { packBundle } from '../bundle/pack';
import { formatDuration, StreamProgress } from '../progress';

/** `cdk-nextjs-ecs build DIR` */
export async function build(appDirectory: string, options: { readonly skipBuild?: boolean }): Promise<void> {
  const since = performance.now();
  const progress = new StreamProgress();
  const packed = await packBundle({ appDirectory, skipBuild: options.skipBuild, progress }).finally(() => {
    progress.abandon();
  });
  const { facts, directory } = packed;
  const sizes = `server ${formatSize(packed.server)}, static ${formatSize(packed.static)}`;
  progress.note(
    `\nNext.js ${facts.nextVersion}, build ${facts.buildId}: ${sizes}, in ${formatDuration(performance.now() - since)}`,
  );
  process.stdout.write(`${directory}\n`);
}
