import { join } from 'node:path';

import type { ResolvedStack } from '../assembly';
import type { OutputSink, Watchdog } from '../fleet';
import { readFunction } from './function-definition';
import { type FunctionState, LambdaFunction } from './lambda-function';

export interface FunctionsOptions {
  /** Where the local AWS services are, and credentials for them. */
  readonly services: Readonly<Record<string, string>>;
  readonly watchdog: Watchdog;
  /** Below this folder each function gets its own. */
  readonly directory: string;
  /** Takes what the functions print. */
  readonly output: OutputSink;
}

/** The stack's Lambda functions that run here: those in Node.js that nothing else stands in for. */
export class Functions {
  private members: readonly LambdaFunction[] = [];
  private readonly retired: LambdaFunction[] = [];
  private generation = 0;

  constructor(
    stack: ResolvedStack,
    private readonly options: FunctionsOptions,
  ) {
    this.members = this.create(stack);
  }

  get state(): readonly FunctionState[] {
    return this.members.map(({ state }) => state);
  }

  /** Runs the functions of another template from now on; events that are being handled end in the code that they began in. */
  replace(stack: ResolvedStack): void {
    const before = this.members;
    this.members = this.create(stack);
    const leaving = before.filter((member) => !this.members.includes(member));
    for (const member of leaving) member.retire();
    this.retired.push(...leaving);
  }

  /** By its ARN (of a version or alias, too), its name or its logical id. */
  tryFind(nameOrArn: string): LambdaFunction | undefined {
    const [, name = nameOrArn] = /:function:([^:]+)/.exec(nameOrArn) ?? [];
    return this.members.find(({ definition }) => definition.name === name || definition.logicalId === name);
  }

  async close(): Promise<void> {
    await Promise.all([...this.members, ...this.retired].map((member) => member.close()));
  }

  private create(stack: ResolvedStack): readonly LambdaFunction[] {
    const generation = String(++this.generation);
    return stack
      .ofType('AWS::Lambda::Function')
      .filter(({ logicalId }) => stack.runs(logicalId))
      .map((resource) => {
        const definition = readFunction(stack, resource);
        const unchanged = this.members.find(
          (member) => JSON.stringify(member.definition) === JSON.stringify(definition),
        );
        if (unchanged) return unchanged;
        const directory = join(this.options.directory, generation, resource.logicalId);
        return new LambdaFunction(definition, { ...this.options, fileAssets: stack.artifact.fileAssets, directory });
      });
  }
}
