import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { posixRelative, tryReadLink } from './files';
import { type BuildOutput, packableFiles } from './output';

/**
 * The build's fingerprint, 16 hex digits: over the content of all that is packed of the build output, and over the run of `next build` that made it,
 * because `BUILD_ID` is the same for all builds of a `deploymentId` and two builds may write the same files. Packing a build again
 * changes nothing in it.
 */
export function fingerprint(output: BuildOutput): string {
  const hash = createHash('sha256').update(`${output.run ?? ''}\n`);
  for (const file of packableFiles(output)) {
    const content = createHash('sha256').update(contentOf(file)).digest('hex');
    hash.update(`${posixRelative(output.directory, file)}\0${content}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

/** Of a link, which Next.js makes for packages that it leaves unbundled, what it says. */
function contentOf(path: string): Buffer | string {
  return tryReadLink(path) ?? readFileSync(path);
}
