import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface CommandOptions {
  readonly directory?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Runs a program to its end, and returns what it wrote to its output.
 *
 * @throws what it complained of, where it fails
 */
export async function run(
  program: string,
  args: readonly string[],
  { directory, environment = process.env }: CommandOptions = {},
): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, {
      cwd: directory,
      env: environment,
      maxBuffer: 64 * 2 ** 20,
    });
    return stdout.trim();
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`test/deploy: "${program} ${args.join(' ')}" failed.\n${stdout}${stderr}`, { cause });
  }
}
