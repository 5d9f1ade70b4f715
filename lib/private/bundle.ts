import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Bundle, type BundleFacts } from '../../contract';
import { ConfigurationError } from './errors';

const PART = 'NextjsBuild.fromDirectory';

/** A bundle on disk: its folder and what it says of itself. */
export interface BundleOnDisk {
  readonly directory: string;
  readonly facts: BundleFacts;
}

/** Reads the bundle of an app's folder, or the bundle's own folder; refuses one that is missing, unreadable or out of date. */
export function readBundle(given: string): BundleOnDisk {
  const directory = findBundle(resolve(given), given);
  const facts = readFacts(directory);
  refuseOutdated(directory, facts);
  return { directory, facts };
}

function findBundle(path: string, given: string): string {
  if (!existsSync(path)) {
    throw new ConfigurationError({
      part: PART,
      problem: `there is no folder ${JSON.stringify(given)} (${path})`,
      remedy: "Give the folder of a Next.js app, relative to where the CDK app runs, or its bundle's folder",
    });
  }
  const candidates = [path, join(path, Bundle.DIRECTORY)];
  const found = candidates.find((candidate) => existsSync(join(candidate, Bundle.FACTS_FILE)));
  if (found) return found;
  throw new ConfigurationError({
    part: PART,
    problem: `${JSON.stringify(given)} holds no bundle (no ${join(Bundle.DIRECTORY, Bundle.FACTS_FILE)} in ${path})`,
    remedy: `Run: npx cdk-nextjs-ecs build ${given}`,
  });
}

/** Members of {@link BundleFacts} that synth relies on, and the type of each. */
const REQUIRED: Readonly<Record<string, 'string' | 'number' | 'boolean' | 'object'>> = {
  nextVersion: 'string',
  buildId: 'string',
  namespace: 'string',
  buildTime: 'number',
  builtAt: 'number',
  server: 'object',
  basePath: 'string',
  assetPrefix: 'string',
  trailingSlash: 'boolean',
  images: 'object',
  proxyMatchers: 'object',
};

function readFacts(directory: string): BundleFacts {
  const file = join(directory, Bundle.FACTS_FILE);
  const facts = parseFacts(file);
  if (facts.formatVersion !== Bundle.FORMAT_VERSION) {
    throw new ConfigurationError({
      part: PART,
      problem: `${file} has format ${String(facts.formatVersion)}, this version of cdk-nextjs-ecs reads format ${Bundle.FORMAT_VERSION}`,
      remedy: `Pack it again with this version: npx cdk-nextjs-ecs build ${appDirectory(directory)} --skip-build`,
    });
  }
  for (const [name, type] of Object.entries(REQUIRED)) {
    const value = facts[name];
    if (typeof value === type && value !== null) continue;
    throw new ConfigurationError({
      part: PART,
      problem: `${file}: ${name} must be of type ${type}; received ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
      remedy: `Pack it again: npx cdk-nextjs-ecs build ${appDirectory(directory)} --skip-build`,
    });
  }
  return facts as unknown as BundleFacts;
}

function parseFacts(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new ConfigurationError(
      {
        part: PART,
        problem: `${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
        remedy: `Pack it again: npx cdk-nextjs-ecs build ${appDirectory(dirname(file))} --skip-build`,
      },
      { cause },
    );
  }
}

/** The build may be gone when only the bundle was carried along; where it lies beside the bundle, it must be the older one. */
function refuseOutdated(directory: string, facts: BundleFacts): void {
  const app = appDirectory(directory);
  const buildIdFile = join(app, facts.server.distDirectory, 'BUILD_ID');
  if (app === directory || !existsSync(buildIdFile)) return;
  const builtAt = statSync(buildIdFile).mtime;
  if (builtAt.getTime() <= facts.builtAt) return;
  throw new ConfigurationError({
    part: PART,
    problem: `the bundle ${directory} is of the build that ended ${new Date(facts.builtAt).toISOString()}, but ${buildIdFile} is newer (${builtAt.toISOString()})`,
    remedy: `Pack the newer build: npx cdk-nextjs-ecs build ${app} --skip-build`,
  });
}

/** The app's folder of a bundle that lies in it; the bundle's own folder where it was moved elsewhere. */
function appDirectory(bundleDirectory: string): string {
  return basename(bundleDirectory) === Bundle.DIRECTORY ? dirname(bundleDirectory) : bundleDirectory;
}
