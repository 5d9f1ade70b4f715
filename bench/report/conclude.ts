import { describeMachine } from '../harness/machine';
import { isMet } from '../harness/result';
import { keep, versions, type Result } from '../run';
import { writeReport } from '.';
import { table } from './table';

/** Keeps and prints what a benchmark of the local stack has found, and ends with 1 where a bound is missed. */
export async function conclude(found: Omit<Result, 'at' | 'machine' | 'versions'>): Promise<void> {
  const result = { at: new Date().toISOString(), machine: describeMachine(), versions: versions(), ...found };
  keep(result);
  await writeReport();
  console.log(table([result]));
  if (!result.rows.every(isMet)) process.exitCode = 1;
}
