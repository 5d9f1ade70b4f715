import { join, posix } from 'node:path';

import { posixRelative } from './files';
import { type BuildOutput, type ResolvedConfig, staticFiles } from './output';
import { copyFiles, type TreeSize } from './tree';

/** Copies what the CDN serves, each file at the path by which browsers ask for it. */
export async function copyStaticFiles(output: BuildOutput, destination: string): Promise<TreeSize> {
  const folder = posix.join(destination, assetPath(output.config), '_next');
  return copyFiles(staticFiles(output).map((file) => [file, join(folder, posixRelative(output.directory, file))]));
}

/** Path before `/_next/static`. Next.js has made the base path the asset prefix where there is no other. */
function assetPath({ assetPrefix }: ResolvedConfig): string {
  return /^https?:/.test(assetPrefix) ? new URL(assetPrefix).pathname : assetPrefix;
}
