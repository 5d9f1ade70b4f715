import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

interface Manifest {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const MANIFEST = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../../package.json'), 'utf8')) as Manifest;

export const PACKAGE_VERSION = MANIFEST.version;

/** The oldest that the package allows, which it is developed with. */
export const CDK_VERSION = developedWith('aws-cdk-lib');
export const CONSTRUCTS_VERSION = developedWith('constructs');

/** The version of a tool that the package is developed with. */
export function developedWith(name: string): string {
  const version = MANIFEST.devDependencies[name];
  if (version === undefined) throw new Error(`test/package: ${name} is not among the devDependencies`);
  return version;
}

/**
 * Versions of aws-cdk-lib to look for in another language's registry, the newest first: ours, and those before it, since registries get a
 * release at different times.
 */
export function* cdkVersions(): Generator<string> {
  const [major, newest] = CDK_VERSION.split('.').map(Number);
  if (major === undefined || newest === undefined) throw new Error(`test/package: ${CDK_VERSION} is no version`);
  for (let minor = newest; minor > newest - 20; minor--) yield `${major}.${minor}.0`;
}

/** Tries those versions, one after the other. Returns the first that could be had. */
export async function newestCdk(attempt: (version: string) => Promise<unknown>): Promise<string> {
  const troubles: unknown[] = [];
  for (const version of cdkVersions()) {
    try {
      await attempt(version);
      return version;
    } catch (error) {
      troubles.push(error);
    }
  }
  throw new AggregateError(troubles, 'test/package: no aws-cdk-lib of these months can be had');
}
