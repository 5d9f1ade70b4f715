import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

import { run } from './run';

const ROOT = resolve(import.meta.dirname, '../../..');

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the archive that would be published. */
    archive: string;
  }
}

/** Packs what `npm run build` has made, once for all tests. */
export default async function setup(project: TestProject): Promise<() => void> {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-package-'));
  const output = await run(ROOT, ['npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', directory]);
  project.provide('archive', join(directory, output.trim()));
  return () => {
    rmSync(directory, { recursive: true, force: true });
  };
}
