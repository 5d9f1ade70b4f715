import type { IConstruct } from 'constructs';

/** What a {@link ConfigurationError} says, in the order in which it is said. */
export interface Fault {
  /** Class and, after a dot, member: `NextjsService.stopTimeout`. */
  readonly part: string;
  /** The construct that was given the value, where there is one already. */
  readonly scope?: IConstruct;
  /** What is wrong, with the value received and what is allowed. */
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** A mistake in what the user gave, found at synth: its message is enough, its stack trace is not needed. */
export class ConfigurationError extends Error {
  constructor(fault: Fault, options?: ErrorOptions) {
    const at = fault.scope ? ` (${fault.scope.node.path})` : '';
    super(`cdk-nextjs-ecs ${fault.part}${at}: ${fault.problem}. ${fault.remedy}.`, options);
    this.name = 'ConfigurationError';
  }
}
