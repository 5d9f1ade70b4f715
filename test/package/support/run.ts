import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** What `npm run` tells the script of its own package, which is not the one that the command is run in. */
const OF_THE_OUTER_PACKAGE = /^(npm_(package|lifecycle)_|npm_config_(local_prefix|user_agent)$|npm_command$|INIT_CWD$)/;

/**
 * Runs a program in a folder as a user in a shell would.
 *
 * @returns what it wrote to standard output
 * @throws with all that it wrote, where it failed
 */
export async function run(
  directory: string,
  [program = '', ...options]: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const outer = Object.entries(process.env).filter(([name]) => !OF_THE_OUTER_PACKAGE.test(name));
  try {
    const { stdout } = await execute(program, options, {
      cwd: directory,
      env: { ...Object.fromEntries(outer), ...environment },
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    const output = `${stdout}${stderr}`.trim();
    throw new Error(`test/package: ${[program, ...options].join(' ')} failed: ${output}`, { cause: error });
  }
}
