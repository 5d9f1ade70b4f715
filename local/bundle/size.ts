import type { TreeSize } from './tree';

/** `1,204 files, 38.2 MB`. */
export function formatSize({ files, bytes }: TreeSize): string {
  return `${files.toLocaleString('en-US')} files, ${(bytes / 1e6).toFixed(1)} MB`;
}
