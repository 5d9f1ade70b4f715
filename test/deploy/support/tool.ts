import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { notProven } from './proof';

/**
 * Whether this machine has the programs that `what` is proven with; where it has not, the run says so at its end.
 *
 * @example describe.skipIf(!hasTools('The image runs', 'buildah', 'podman'))('the image', …)
 * @throws in CI, where a check that runs nowhere proves nothing
 */
export function hasTools(what: string, ...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => !isOnPath(program));
  return missing.length === 0 || cannotProve(what, `not on the PATH: ${missing.join(', ')}`);
}

/**
 * Whether the tests run as root, which `what` is proven by; else as with {@link hasTools}.
 *
 * @throws in CI
 */
export function isRoot(what: string): boolean {
  return process.getuid?.() === 0 || cannotProve(what, 'takes root');
}

/** Says that `what` is not shown, and why. @throws in CI */
export function cannotProve(what: string, why: string): false {
  if (process.env.CI) throw new Error(`test/deploy: cannot show in CI, which has to: "${what}" (${why})`);
  notProven(what, why);
  return false;
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, program)));
}
