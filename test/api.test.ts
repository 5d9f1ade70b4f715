import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Of jsii's output, which a clone does not have at first, and which may be older than the sources. */
function isCompiled(): boolean {
  const compiled = statSync(resolve(ROOT, '.jsii'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(resolve(ROOT, 'lib'), { recursive: true }).map((file) =>
    resolve(ROOT, 'lib', String(file)),
  );
  const current = sources.every((file) => statSync(file).mtimeMs < compiled);
  if (!current && process.env.CI === 'true') throw new Error('.jsii is older than the sources. Run: npm run jsii');
  return current;
}

describe.runIf(isCompiled())('API.md', () => {
  it('is of these sources', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/api.mjs', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });
});
