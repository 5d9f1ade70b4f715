export { BundleError } from './error';
export { readFacts } from './facts';
export { packBundle, type PackBundleOptions, type PackedBundle } from './pack';
export type { TreeSize } from './tree';
