import path from 'node:path';

import { copyOfApp, MODULES } from '../harness/app';
import type { Ground } from '../harness/lab';
import type { Scope } from '../harness/scope';
import type { Launch } from '../harness/server';

export const NEXT = path.join(MODULES, 'next/dist/bin/next');

/** `next start` of a copy of the app, with modules loaded before it and another environment. */
export function nextStart(
  ground: Ground,
  scope: Scope,
  environment: Readonly<Record<string, string>>,
  preloads: readonly string[] = [],
): Launch {
  return {
    directory: copyOfApp(ground.app, scope),
    command: [...preloads.flatMap((preload) => ['--import', preload]), NEXT, 'start'],
    environment,
  };
}
