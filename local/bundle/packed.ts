import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { Bundle, type BundleFacts } from '../../contract';
import { tryReadJson } from './files';
import { findOwnPackage, findPreload } from './package';

/**
 * Whether a bundle of the present build, made by the present version with the present preload, lies in the app's folder. A bundle may
 * have come without the build that it was packed from.
 */
export function isPacked(app: string): boolean {
  const bundle = join(app, Bundle.DIRECTORY);
  const facts = tryReadJson(join(bundle, Bundle.FACTS_FILE)) as BundleFacts | undefined;
  if (facts?.formatVersion !== Bundle.FORMAT_VERSION || facts.packageVersion !== findOwnPackage().version) return false;
  const buildId = statSync(join(app, facts.server.distDirectory, 'BUILD_ID'), { throwIfNoEntry: false });
  return (buildId?.mtimeMs ?? 0) <= facts.builtAt && holdsPreload(bundle);
}

function holdsPreload(bundle: string): boolean {
  const packed = join(bundle, Bundle.SERVER_DIRECTORY, Bundle.DIRECTORY, Bundle.PRELOAD_FILE);
  return existsSync(packed) && readFileSync(packed).equals(readFileSync(findPreload()));
}
