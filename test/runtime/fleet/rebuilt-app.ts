import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { Bundle, type BundleFacts } from '../../../contract';
import type { PackedApp } from '../server/packed-app';

/** The same app as another run of `next build` would have made it. */
export async function rebuild(
  app: PackedApp,
  changes: Partial<Pick<BundleFacts, 'buildTime' | 'namespace'>>,
): Promise<PackedApp> {
  const rebuilt = await app.copy();
  const file = path.join(rebuilt.root, Bundle.DIRECTORY, Bundle.FACTS_FILE);
  const facts = JSON.parse(await readFile(file, 'utf8')) as BundleFacts;
  await writeFile(file, JSON.stringify({ ...facts, ...changes }));
  return rebuilt;
}
