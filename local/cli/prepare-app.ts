import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

import { BundleError } from '../bundle/error';
import { findOwnPackage } from '../bundle/package';
import { isPacked } from '../bundle/packed';
import type { Progress } from '../progress';
import { UserError } from '../user-error';

/** The example, which a clone of the repository has and an installed package has not. */
const EXAMPLE = join('examples', 'storefront');

/** The app that is meant where none is named: the example, or else the one in the current folder. */
export function defaultApp(): string {
  const example = join(findOwnPackage().directory, EXAMPLE);
  return existsSync(example) ? example : process.cwd();
}

/** The variables that the app needs to run: the example's stand-in for a database is a folder that all of its tasks share. */
export function variablesOf(app: string, sharedDirectory: string): Record<string, string> {
  return isExample(app) ? { STOREFRONT_DATA: sharedDirectory } : {};
}

/** Packs the app's build, unless it is packed already. */
export async function prepareApp(app: string, progress: Progress): Promise<void> {
  if (isPacked(app)) return;
  // The tracer takes longer to load than the rest together, and is not needed the next time.
  const { packBundle } = await import('../bundle/pack');
  try {
    await packBundle({ appDirectory: app, skipBuild: true, progress });
  } catch (error) {
    throw error instanceof BundleError ? explain(error, app) : error;
  }
}

/** The message of `build --skip-build`, in the terms of who asked for a running site. */
function explain(error: BundleError, app: string): UserError {
  const missing = isExample(app) ? !existsSync(join(app, 'node_modules')) : false;
  if (missing || error.message.includes('BUILD_ID')) {
    const command = isExample(app)
      ? 'npm run example'
      : `npx cdk-nextjs-ecs build ${relative(process.cwd(), app) || '.'}`;
    return new UserError(`cdk-nextjs-ecs local: there is no production build of ${app}. Run: ${command}`, {
      cause: error,
    });
  }
  return new UserError(error.message.replace(/^cdk-nextjs-ecs build:/, 'cdk-nextjs-ecs local:'), { cause: error });
}

function isExample(app: string): boolean {
  return app === join(findOwnPackage().directory, EXAMPLE);
}
