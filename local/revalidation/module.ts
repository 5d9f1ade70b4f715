import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { REVALIDATION_FILE, type RevalidationModule } from '../../contract';
import { findOwnPackage } from '../bundle/package';
import { UserError } from '../user-error';

/** The writer of revalidations belongs to another wing, the runtime: it is used as it is shipped. */
export async function loadRevalidation(): Promise<RevalidationModule> {
  const file = join(findOwnPackage().directory, 'assets', REVALIDATION_FILE);
  if (!existsSync(file)) {
    throw new UserError(
      `cdk-nextjs-ecs revalidate: ${file} is missing. In a clone of the repository, run "npm run bundle" first.`,
    );
  }
  return (await import(pathToFileURL(file).href)) as RevalidationModule;
}
