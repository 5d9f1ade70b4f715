import type { IConstruct } from 'constructs';
import { Environment } from '../../contract';
import { ConfigurationError } from './errors';

/** The runtime's defaults, in milliseconds. */
const WINDOW = 1000;
const SLACK = 2000;
/** For an answer on its way to the edge when the tasks' patience ends, and for clocks that differ. */
const ON_THE_WAY = 1000;

/**
 * How long after a tag was revalidated an answer that has not heard of it may still reach the edge for long, in milliseconds: as long as a
 * task's view of the tags counts as current.
 *
 * @param environment The variables that the user gave the tasks: they may tune window and slack.
 */
export function purgeWait(scope: IConstruct, environment: Readonly<Record<string, string>>): number {
  const read = (name: string, otherwise: number): number => {
    const value = environment[name];
    if (value === undefined) return otherwise;
    const milliseconds = Number(value);
    if (value.trim() !== '' && Number.isInteger(milliseconds) && milliseconds >= 0) return milliseconds;
    throw new ConfigurationError({
      part: 'NextjsService.environment',
      scope,
      problem: `${name} must be a whole number of milliseconds that is known at synth, because the purge waits longer; received ${JSON.stringify(value)}`,
      remedy: `Leave it out for ${otherwise}`,
    });
  };
  return read(Environment.CACHE_WINDOW, WINDOW) + read(Environment.CACHE_SLACK, SLACK) + ON_THE_WAY;
}
