import type { TestProject } from 'vitest/node';
import {
  EXAMPLES,
  prepareApp,
  prepareAppWithAdapter,
  prepareAssets,
  prepareExample,
  prepareNextStorefront,
  prepareRelease,
  prepareSite,
  RELEASES,
  SITE_NAMES,
} from './fixtures/prepare';
import { requestedVersions, versionsWithAdapters } from './fixtures/versions';

/** Tests that run real apps; the others need nothing built. */
const NEEDS_APPS = /test\/(e2e|runtime)\//;

/** Those that need builds of their own. */
const EXAMPLE_TESTS = 'test/e2e/examples/';
const DEPLOYMENT_TEST = 'test/e2e/purge/deployment.test.ts';
const PREFETCH_TEST = 'test/e2e/prefetch.test.ts';
const VERIFY_TEST = 'test/e2e/verify.test.ts';
const ADAPTER_TEST = 'test/runtime/server/adapter.test.ts';

const COMMANDS = new Set(['run', 'watch', 'dev']);

/** vitest keeps the file names of its command line to itself. A value of an option taken for one only selects less. */
function isFileFilter(argument: string): boolean {
  return !argument.startsWith('-') && !COMMANDS.has(argument);
}

/** Builds what the tests of this run start, so that no test's time limit pays for it. */
export default async function setup({ vitest }: TestProject): Promise<void> {
  const files = await vitest.globTestSpecifications(process.argv.slice(2).filter(isFileFilter));
  if (!files.some(({ moduleId }) => NEEDS_APPS.test(moduleId))) return;
  await prepareAssets();
  for (const example of EXAMPLES) await prepareExample(example);
  for (const version of requestedVersions()) await prepareApp(version);
  if (files.some(({ moduleId }) => moduleId.includes(EXAMPLE_TESTS))) {
    for (const site of SITE_NAMES) await prepareSite(site);
  }
  if (files.some(({ moduleId }) => moduleId.endsWith(PREFETCH_TEST))) await prepareSite('intercepting');
  if (files.some(({ moduleId }) => moduleId.endsWith(DEPLOYMENT_TEST))) {
    for (const release of RELEASES) await prepareRelease(release);
  }
  if (files.some(({ moduleId }) => moduleId.endsWith(VERIFY_TEST))) await prepareNextStorefront();
  if (!files.some(({ moduleId }) => moduleId.endsWith(ADAPTER_TEST))) return;
  for (const version of versionsWithAdapters()) await prepareAppWithAdapter(version);
}
