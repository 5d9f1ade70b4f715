import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { appWithBundle, scratch, write } from '../../lib/bundle';
import { run } from './run';

const ROOT = resolve(import.meta.dirname, '../../..');
const LANGUAGES = join(ROOT, 'examples/languages');

/** The recommended feature flags, which `cdk init` writes to cdk.json in every language. */
const FLAGS = readFileSync(join(ROOT, 'node_modules/aws-cdk-lib/recommended-feature-flags.json'), 'utf8');

/** A user's infrastructure project in an empty folder, with the example app of a language, beside a Next.js app that is packed. */
export class Project {
  readonly directory: string;

  constructor(language: string) {
    const workspace = scratch();
    appWithBundle({}, join(workspace, 'web'));
    this.directory = join(workspace, 'infra');
    mkdirSync(this.directory);
    cpSync(join(LANGUAGES, language), this.directory, { recursive: true });
  }

  path(...names: readonly string[]): string {
    return join(this.directory, ...names);
  }

  /** Adds a file of another language's example. */
  copy(language: string, file: string): void {
    cpSync(join(LANGUAGES, language, file), this.path(file));
  }

  write(file: string, content: string): void {
    write(this.path(file), content);
  }

  run(...command: readonly string[]): Promise<string> {
    return run(this.directory, command);
  }

  /** Runs the CDK app as `cdk synth` does, with the given command. Returns the template of its stack. */
  async synthesize(...command: readonly string[]): Promise<unknown> {
    const assembly = join(scratch(), 'cdk.out');
    await run(this.directory, command, { CDK_OUTDIR: assembly, CDK_CONTEXT_JSON: FLAGS });
    return JSON.parse(readFileSync(join(assembly, 'Web.template.json'), 'utf8')) as unknown;
  }
}
