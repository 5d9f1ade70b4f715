import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { readAssembly, type Assembly } from '../../../local/assembly';

const directories: string[] = [];
/** One for all apps of a test file: assets that several of them have are copied only once. */
const assemblies = temporaryDirectory();

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

/** A folder that goes with the test file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  directories.push(directory);
  return directory;
}

/** An app whose assembly goes to a temporary folder. */
export function temporaryApp(): App {
  return new App({
    outdir: assemblies,
    analyticsReporting: false,
    // What the CDK's command line sets.
    postCliContext: { 'aws:cdk:enable-path-metadata': true },
  });
}

export function synthesize(app: App): Assembly {
  return readAssembly(app.synth().directory);
}

/** The assembly of an app with one stack. */
export function synthesizeStack(build: (stack: Stack) => void, props: StackProps = {}): Assembly {
  const app = temporaryApp();
  build(new Stack(app, 'Shop', props));
  return synthesize(app);
}
