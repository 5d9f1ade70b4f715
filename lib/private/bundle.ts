import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { Bundle, type BundleFacts } from '../../contract';
import { ConfigurationError } from './errors';

const FROM_DIRECTORY = 'NextjsBuild.fromDirectory';

/** A bundle on disk: its folder and what it says of itself. */
export interface BundleOnDisk {
  readonly directory: string;
  readonly facts: BundleFacts;
}

/** Reads the bundle of an app's folder, or the bundle's own folder; refuses one that is missing, unreadable or out of date. */
export function readBundle(given: string): BundleOnDisk {
  const directory = findBundle(resolve(given), given);
  const remedy = `npx cdk-nextjs-ecs build ${appDirectory(directory)} --skip-build`;
  const facts = readFacts(
    FROM_DIRECTORY,
    join(directory, Bundle.FACTS_FILE),
    `Pack it again with this version: ${remedy}`,
  );
  refuseOutdated(directory, facts);
  return { directory, facts };
}

/** Reads the facts alone: a file, or the one of that name in a folder. */
export function readFactsAt(part: string, given: string): BundleFacts {
  const path = resolve(given);
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, Bundle.FACTS_FILE) : path;
  if (!existsSync(file)) {
    throw new ConfigurationError({
      part: `${part}.facts`,
      problem: `there is no file ${JSON.stringify(given)} (${file})`,
      remedy: `Give the ${Bundle.FACTS_FILE} of the bundle that the image was made of, or the folder that holds it`,
    });
  }
  return readFacts(part, file, 'Make the image of a bundle that this version has packed, and give its facts');
}

/** Refuses a folder that holds nothing of what browsers ask for: the site would come up without styles and scripts. */
export function requireStaticFiles(part: string, given: string, prefix: string): void {
  const expected = join(resolve(given), prefix, '_next', 'static');
  if (existsSync(expected)) return;
  throw new ConfigurationError({
    part: `${part}.staticFiles`,
    problem: `${JSON.stringify(given)} holds no files of the build (there is no folder ${expected})`,
    remedy: `Give the folder ${Bundle.STATIC_DIRECTORY} of the bundle that the image was made of`,
  });
}

function findBundle(path: string, given: string): string {
  if (!existsSync(path)) {
    throw new ConfigurationError({
      part: FROM_DIRECTORY,
      problem: `there is no folder ${JSON.stringify(given)} (${path})`,
      remedy: "Give the folder of a Next.js app, relative to where the CDK app runs, or its bundle's folder",
    });
  }
  const candidates = [path, join(path, Bundle.DIRECTORY)];
  const found = candidates.find((candidate) => existsSync(join(candidate, Bundle.FACTS_FILE)));
  if (found) return found;
  throw new ConfigurationError({
    part: FROM_DIRECTORY,
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

function readFacts(part: string, file: string, remedy: string): BundleFacts {
  const facts = parseFacts(part, file, remedy);
  if (facts.formatVersion !== Bundle.FORMAT_VERSION) {
    throw new ConfigurationError({
      part,
      problem: `${file} has format ${String(facts.formatVersion)}, this version of cdk-nextjs-ecs reads format ${Bundle.FORMAT_VERSION}`,
      remedy,
    });
  }
  for (const [name, type] of Object.entries(REQUIRED)) {
    const value = facts[name];
    if (typeof value === type && value !== null) continue;
    throw new ConfigurationError({
      part,
      problem: `${file}: ${name} must be of type ${type}; received ${value === undefined ? 'nothing' : JSON.stringify(value)}`,
      remedy,
    });
  }
  return facts as unknown as BundleFacts;
}

function parseFacts(part: string, file: string, remedy: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigurationError({ part, problem: `${file} cannot be read: ${reason}`, remedy }, { cause });
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
    part: FROM_DIRECTORY,
    problem: `the bundle ${directory} is of the build that ended ${new Date(facts.builtAt).toISOString()}, but ${buildIdFile} is newer (${builtAt.toISOString()})`,
    remedy: `Pack the newer build: npx cdk-nextjs-ecs build ${app} --skip-build`,
  });
}

/** The app's folder of a bundle that lies in it; the bundle's own folder where it was moved elsewhere. */
function appDirectory(bundleDirectory: string): string {
  return basename(bundleDirectory) === Bundle.DIRECTORY ? dirname(bundleDirectory) : bundleDirectory;
}
