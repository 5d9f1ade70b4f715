import type { ResolvedResource } from '../assembly';
import { list, record, text } from '../properties';
import { type Matches, readEventPattern } from './event-pattern';
import { readInput, type TargetInput } from './target-input';

/** An `AWS::Events::Rule` with an event pattern. */
export interface EventRule {
  readonly logicalId: string;
  readonly matches: Matches;
  readonly targets: readonly RuleTarget[];
  /** What does not work as in AWS, in sentences. */
  readonly unsupported: readonly string[];
}

export interface RuleTarget {
  readonly arn: string;
  /** What the target gets of the event. */
  readonly input: TargetInput;
}

/** Reads the resolved properties of a rule. */
export function readRule({ logicalId, properties }: ResolvedResource): EventRule {
  const isEnabled = (text(properties.State) ?? 'ENABLED').startsWith('ENABLED');
  const { EventPattern: pattern, ScheduleExpression: schedule } = properties;
  const targets = list(properties.Targets).map((target) => {
    const { Arn, ...input } = record(target);
    return { arn: text(Arn) ?? '', input: readInput(input) };
  });
  const functions = targets.filter(({ arn }) => arn.includes(':lambda:'));
  const others = targets.filter((target) => !functions.includes(target)).map(({ arn }) => arn);
  return {
    logicalId,
    matches: pattern === undefined || !isEnabled ? () => false : readEventPattern(pattern),
    targets: functions,
    unsupported: [
      ...(schedule === undefined ? [] : [`its schedule does not run: ${text(schedule) ?? ''}`]),
      ...(others.length === 0 ? [] : [`only functions are targets here, not ${others.join(', ')}`]),
    ],
  };
}
