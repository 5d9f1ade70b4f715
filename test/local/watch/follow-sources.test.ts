import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { followSources, Sources } from '../../../local/watch';
import { until } from '../fleet/support';

/** An app whose sources are followed; each work waits until the test lets it end. */
function follow({ ignored = [] as string[] } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'cdk-nextjs-ecs-test-'));
  for (const folder of ['app', 'node_modules', '.next', 'build']) mkdirSync(join(directory, folder));
  const write = (file: string, text: string) => {
    writeFileSync(join(directory, file), text);
  };
  write('app/page.tsx', 'one');
  const works: (() => void)[] = [];
  const end = new AbortController();
  const followed = followSources(
    new Sources(directory, ignored),
    () => new Promise<void>((resolve) => works.push(resolve)),
    end.signal,
  );
  onTestFinished(async () => {
    end.abort();
    for (const finish of works) finish();
    await followed;
    rmSync(directory, { recursive: true });
  });
  return { directory, write, works, end, followed };
}

describe('following sources', () => {
  it('works once for changes that come together', async () => {
    const { write, works } = follow();
    write('app/page.tsx', 'two');
    write('app/layout.tsx', 'two');
    write('next.config.ts', 'two');
    await until(() => works.length === 1);
    works[0]?.();
    write('app/page.tsx', 'three');
    await until(() => works.length === 2);
  });

  it('works again for what changed meanwhile, when it is done', async () => {
    const { write, works } = follow();
    write('app/page.tsx', 'two');
    await until(() => works.length === 1);
    write('app/page.tsx', 'three');
    works[0]?.();
    await until(() => works.length === 2);
  });

  it('sees folders that are made later', async () => {
    const { directory, write, works } = follow();
    mkdirSync(join(directory, 'app/about/team'), { recursive: true });
    write('app/about/team/page.tsx', 'one');
    await until(() => works.length === 1);
    works[0]?.();
    write('app/about/team/page.tsx', 'two');
    await until(() => works.length === 2);
  });

  it('does not work for packages, build outputs and what builds write, nor for the same text written again', async () => {
    const { write, works } = follow({ ignored: ['build'] });
    for (const file of ['node_modules/a.js', '.next/b.js', 'build/c.js', 'next-env.d.ts', 'tsconfig.tsbuildinfo'])
      write(file, 'changed');
    write('app/page.tsx', 'one');
    write('app/page.tsx', 'two');
    await until(() => works.length === 1);
    works[0]?.();
    write('app/page.tsx', 'three');
    await until(() => works.length === 2);
    expect(works).toHaveLength(2);
  });

  it('ends when it is told to, once its work is done', async () => {
    const { write, works, end, followed } = follow();
    write('app/page.tsx', 'two');
    await until(() => works.length === 1);
    end.abort();
    works[0]?.();
    await followed;
    expect(works).toHaveLength(1);
  });
});
