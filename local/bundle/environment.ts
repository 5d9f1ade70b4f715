import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Progress } from '../progress';
import type { NextApp } from './app';
import { isFile } from './files';

/** The files that Next.js loads in production. */
const ENVIRONMENT_FILES = ['.env', '.env.local', '.env.production', '.env.production.local'];

/** Names what the running server will not see, because environment files stay out of the bundle. Values are never told. */
export function noteEnvironmentFiles(app: NextApp, progress: Progress): void {
  for (const file of ENVIRONMENT_FILES.filter((name) => isFile(join(app.directory, name)))) {
    const names = variableNames(readFileSync(join(app.directory, file), 'utf8'));
    if (names.length === 0) continue;
    progress.note(
      `${file} is not packed, it may hold secrets: ${names.join(', ')} reach the server only as environment variables of its task.`,
    );
  }
}

/** Names of the variables that are read at run time: `NEXT_PUBLIC_` ones are part of the build already. */
function variableNames(content: string): string[] {
  const names = [...content.matchAll(/^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/gm)].map(([, name]) => name ?? '');
  return [...new Set(names)].filter((name) => !name.startsWith('NEXT_PUBLIC_')).sort();
}
