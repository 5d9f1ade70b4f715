import { join } from 'node:path';

import { Bundle } from '../../../contract';
import { NextjsBuild, NextjsSite } from '../../../lib';
import { appWithBundle, write } from '../../lib/bundle';
import { synthesize } from '../../lib/synthesis';

/** How the logical ids of the site's functions begin. */
export const UPLOAD = 'SiteAssetsUpload';
export const PURGE = 'SitePurgeFunction';

/** Below the bundle's static folder, and in the bucket. */
export const CHUNKS = '_next/static/chunks';

/** The assembly of a site, whose build has such chunks besides the one that all builds have. */
export function synthesizeBuild(chunks: Readonly<Record<string, string | Buffer>> = {}): string {
  const app = appWithBundle();
  for (const [name, content] of Object.entries(chunks)) {
    write(join(app, Bundle.DIRECTORY, Bundle.STATIC_DIRECTORY, CHUNKS, name), content);
  }
  return synthesize((stack) => {
    new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(app) });
  }).assembly.directory;
}
