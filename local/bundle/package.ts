import { join } from 'node:path';

import { Bundle } from '../../contract';
import type { PackageJson } from './app';
import { BundleError } from './error';
import { ancestors, isFile, tryReadJson } from './files';

const PACKAGE_NAME = 'cdk-nextjs-ecs';

/** This package: its folder is found from sources as from the bundles in `dist/`. */
export function findOwnPackage(): { readonly directory: string; readonly version: string } {
  for (const directory of ancestors(__dirname)) {
    const packageJson = tryReadJson(join(directory, 'package.json')) as PackageJson | undefined;
    if (packageJson?.name === PACKAGE_NAME) return { directory, version: packageJson.version ?? '0.0.0' };
  }
  throw new BundleError(
    `the package ${PACKAGE_NAME} is damaged: no package.json of it above ${__dirname}. Install it again.`,
  );
}

/** The bundled preload that every server starts with. */
export function findPreload(): string {
  const { directory } = findOwnPackage();
  const preload = join(directory, 'assets', Bundle.PRELOAD_FILE);
  if (!isFile(preload))
    throw new BundleError(`${preload} is missing. In a clone of ${PACKAGE_NAME}, run "npm run build" first.`);
  return preload;
}
