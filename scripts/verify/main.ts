import { CommanderError } from 'commander';
import { UserError } from '../../local/user-error';
import { Interrupted } from './interrupt';
import { createCommand, PART, refuseContradictions, type VerifyOptions } from './options';
import { verify } from './verify';

const ExitCode = { SUCCESS: 0, FAILURE: 1, USER_ERROR: 2, INTERRUPTED: 130 } as const;

async function main(argv: readonly string[]): Promise<number> {
  try {
    const options: VerifyOptions = createCommand().parse(argv, { from: 'user' }).opts();
    refuseContradictions(options);
    return (await verify(options)) ? ExitCode.SUCCESS : ExitCode.FAILURE;
  } catch (error) {
    // Commander has printed its message already; help ends this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.SUCCESS : ExitCode.USER_ERROR;
    process.stderr.write(`${describe(error)}\n`);
    if (error instanceof Interrupted) return ExitCode.INTERRUPTED;
    return error instanceof UserError ? ExitCode.USER_ERROR : ExitCode.FAILURE;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.startsWith(PART) ? error.message : (error.stack ?? error.message);
}

void main(process.argv.slice(2)).then((exitCode) => {
  // Connections to the site that are kept alive would hold the process.
  process.exit(exitCode);
});
