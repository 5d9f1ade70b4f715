import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

import { findStack, readAssembly, type StackArtifact } from '../../../local/assembly';
import { run } from '../image/command';

const REPOSITORY = resolve(import.meta.dirname, '../../..');
const require = createRequire(import.meta.url);

const CDK = join(REPOSITORY, 'node_modules/aws-cdk/bin/cdk');
const TSX = require.resolve('tsx/cli');

/** The repository's CDK app as a project of its own, which deploys the Next.js app of a folder, and is not built before. */
export class CdkProject {
  constructor(
    private readonly directory: string,
    app: string,
    private readonly environment: Readonly<Record<string, string>>,
  ) {
    const { context } = JSON.parse(readFileSync(join(REPOSITORY, 'cdk.json'), 'utf8')) as { context: object };
    const command = `"${process.execPath}" "${TSX}" "${join(REPOSITORY, 'bin/app.ts')}"`;
    writeFileSync(join(directory, 'cdk.json'), JSON.stringify({ app: command, context: { ...context, app } }));
  }

  bootstrap(): Promise<string> {
    return this.cdk('bootstrap');
  }

  /** Fulfilled with the stack's outputs. */
  async deploy(): Promise<Record<string, string>> {
    const file = join(this.directory, 'outputs.json');
    await this.cdk('deploy', '--require-approval', 'never', '--outputs-file', file);
    const [outputs = {}] = Object.values(
      JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>,
    );
    return outputs;
  }

  /** @throws where there are differences */
  expectNoDifference(): Promise<string> {
    return this.cdk('diff', '--fail');
  }

  /** The stack as the app is now. */
  async synthesize(): Promise<StackArtifact> {
    await this.cdk('synth', '--quiet');
    return this.lastSynthesis;
  }

  /** The stack's template in the assembly. */
  get templateFile(): string {
    return join(this.directory, 'cdk.out', `${this.lastSynthesis.name}.template.json`);
  }

  /** The stack as it was synthesized last. */
  get lastSynthesis(): StackArtifact {
    return findStack(readAssembly(join(this.directory, 'cdk.out')));
  }

  destroy(): Promise<string> {
    return this.cdk('destroy', '--force');
  }

  /** The command of this package. */
  revalidate(...args: readonly string[]): Promise<string> {
    return this.node(TSX, join(REPOSITORY, 'bin/cdk-nextjs-ecs.ts'), 'revalidate', ...args);
  }

  private cdk(...args: readonly string[]): Promise<string> {
    return this.node(CDK, '--ci', '--no-notices', ...args);
  }

  private node(...args: readonly string[]): Promise<string> {
    // The synth tests' matter: CloudFormation's rules, which take seconds.
    const environment = {
      ...process.env,
      ...this.environment,
      CDK_VALIDATION: 'false',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
    };
    return run(process.execPath, args, { directory: this.directory, environment });
  }
}
