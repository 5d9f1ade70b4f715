import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder that goes with the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-stores-'));
  onTestFinished(() => {
    rmSync(directory, { recursive: true });
  });
  return directory;
}
