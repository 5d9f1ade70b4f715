import { posix } from 'node:path';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { BundleFacts } from '../../contract';

/**
 * What the server writes to besides its stores, each a volume that lives as long as its task: Next.js' own cache (optimized images) and
 * the folder for temporary files. The image declares both, so that they belong to its user:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
 */
export function mountWritablePaths(
  taskDefinition: ecs.FargateTaskDefinition,
  container: ecs.ContainerDefinition,
  workingDirectory: string,
  facts: BundleFacts,
): void {
  const paths = { NextCache: posix.join(workingDirectory, facts.server.distDirectory, 'cache'), Temporary: '/tmp' };
  for (const [name, containerPath] of Object.entries(paths)) {
    taskDefinition.addVolume({ name });
    container.addMountPoints({ sourceVolume: name, containerPath, readOnly: false });
  }
}
