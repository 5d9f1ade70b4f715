import { AssemblyError } from '../assembly/assembly-error';
import { BundleError } from '../bundle/error';
import { UserError } from '../user-error';

export const ExitCode = {
  SUCCESS: 0,
  FAILURE: 1,
  USER_ERROR: 2,
} as const;

/** Every message of ours begins so, and says enough without a stack trace. */
const OWN_MESSAGE = /^cdk-nextjs-ecs\b/;

/** What to tell the user about an error, and how the process is to end. */
export function describeFailure(error: unknown): { readonly message: string; readonly exitCode: number } {
  if (!(error instanceof Error)) return { message: String(error), exitCode: ExitCode.FAILURE };
  // Taken since it was found free.
  const busy = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (busy) return { message: `cdk-nextjs-ecs local: ${error.message}`, exitCode: ExitCode.USER_ERROR };
  const expected = error instanceof UserError || error instanceof BundleError || error instanceof AssemblyError;
  return {
    message: expected || OWN_MESSAGE.test(error.message) ? error.message : (error.stack ?? error.message),
    exitCode: expected ? ExitCode.USER_ERROR : ExitCode.FAILURE,
  };
}
