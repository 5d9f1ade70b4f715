import { resolve } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { NextjsBuild, NextjsSite } from '../lib';

/** Deploys the example, or the app whose folder the context `app` names, as the stack that the context `stack` names. */
function main(): void {
  // Not of itself when the process ends: nothing is written where an error ends it.
  const app = new App({ autoSynth: false });
  const directory = resolve(contextOf(app, 'app') ?? 'examples/storefront');
  const stack = new Stack(app, contextOf(app, 'stack') ?? 'NextjsSite');
  new NextjsSite(stack, 'Site', { nextBuild: NextjsBuild.fromDirectory(directory) });
  app.synth();
}

function contextOf(app: App, key: string): string | undefined {
  const value: unknown = app.node.tryGetContext(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

try {
  main();
} catch (error) {
  // What the user gave was wrong, and the message says so: a stack trace would only hide it.
  if (!(error instanceof Error) || error.name !== 'ConfigurationError') throw error;
  console.error(error.message);
  process.exitCode = 1;
}
