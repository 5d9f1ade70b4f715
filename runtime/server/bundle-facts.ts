import { readFileSync } from 'node:fs';
import path from 'node:path';

import { Bundle, type BundleFacts } from '../../contract';

/** What the server knows of the build that it runs. */
export interface PackedBuild {
  readonly facts: BundleFacts;
  /** Absolute path of the app's folder. */
  readonly appDirectory: string;
}

/** Reads the facts that the bundle put beside the preload. */
export function readPackedBuild(preloadDirectory: string): PackedBuild {
  const file = path.join(preloadDirectory, Bundle.FACTS_FILE);
  const facts = parseFacts(file);
  return { facts, appDirectory: path.join(path.dirname(preloadDirectory), facts.server.directory) };
}

function parseFacts(file: string): BundleFacts {
  let facts: BundleFacts;
  try {
    facts = JSON.parse(readFileSync(file, 'utf8')) as BundleFacts;
  } catch (error) {
    throw new Error(`cdk-nextjs-ecs server: cannot read ${file}. Pack the app with "npx cdk-nextjs-ecs build".`, {
      cause: error,
    });
  }
  const { formatVersion } = facts;
  if (formatVersion !== Bundle.FORMAT_VERSION) {
    throw new Error(
      `cdk-nextjs-ecs server: ${file} has format ${formatVersion}; this version reads ${Bundle.FORMAT_VERSION}. ` +
        'Pack the app again with the same version of cdk-nextjs-ecs.',
    );
  }
  return facts;
}
