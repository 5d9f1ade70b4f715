/**
 * The local stack as a library, for tests of one's own site:
 *
 * ```ts
 * import { LocalStack } from 'cdk-nextjs-ecs/local';
 *
 * const stack = await LocalStack.start('cdk.out', { replicas: 3 });
 * await fetch(`${stack.url}/`);
 * await stack.stop();
 * ```
 */
export { packBundle, type PackBundleOptions, type PackedBundle } from './bundle/pack';
export type { OutputSink, ReplicaState, ReplicaStatus } from './fleet';
export { type Progress, silentProgress, StreamProgress } from './progress';
export { LocalStack, type LocalStackOptions, type LocalStackState } from './stack';
export { UserError } from './user-error';
