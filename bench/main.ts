/** Measures the cache side by side with its alternatives: `npm run bench -- --help`. */
import { parseArgs } from 'node:util';

import { BENCHES } from './cases';
import { writeReport } from './report';
import { Run } from './run';

const USAGE = `npm run bench [-- NAME… --quick --json --report]

  NAME…      what to measure; everything by default: ${BENCHES.map(({ name }) => name).join(', ')}
  --quick    in five minutes: fewer rounds, nothing is written, and exit code 1 where a ratio or a count misses
             its target by more than noise explains, three times in a row
  --json     prints what was found as JSON in place of the table
  --report   measures nothing: writes plots and table again from bench/results
  --help     prints this

Results are kept in bench/results, one file a benchmark, with the machine and all versions; docs/performance.md has the
table and the plots. Wants a machine with nothing else to do: each result says how loaded it was.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      report: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (values.report) {
    await writeReport();
    return;
  }
  const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
  if (unknown.length > 0) throw new Error(`bench: there is no ${unknown.join(', ')}.\n\n${USAGE}`);
  const chosen = BENCHES.filter(({ name, slow }) => {
    return positionals.length > 0 ? positionals.includes(name) : !(values.quick && slow === true);
  });
  const run = new Run(values);
  const isGood = await run.all(chosen);
  if (!values.quick) await writeReport();
  if (!isGood) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
