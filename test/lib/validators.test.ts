import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EDGE_EXAMPLES } from '../examples/edge-examples';
import { type ExampleOptions, synthesizeExample } from '../examples/support';
import { checkov, type Finding, lint, validatorsAreInstalled } from '../oracles/validators';
import { SKIPPED_BY_CHECKOV, SKIPPED_BY_LINT } from './skipped-checks';
import { synthesizeSite } from './synthesis';

const EXAMPLES: Readonly<Record<string, ExampleOptions>> = {
  ...EDGE_EXAMPLES,
  'existing-vpc': { apps: { '../storefront': {} } },
  'two-sites': { apps: { '../storefront': {}, '../use-cache': {} } },
  stages: { apps: { '../storefront': {} }, context: { tag: 'v1' } },
  'pnpm-monorepo/infra': { apps: { '../apps/web': {} } },
};

describe.runIf(validatorsAreInstalled())('validators of other makers', { timeout: 600_000 }, () => {
  const templates: string[] = [];

  beforeAll(() => {
    const directories = [
      synthesizeSite().assembly.directory,
      synthesizeSite({ dashboard: true, alarms: true, defaultWebAcl: true, maxCapacity: 4 }).assembly.directory,
      ...Object.entries(EXAMPLES).map(([name, options]) => synthesizeExample(name, options).assembly.directory),
    ];
    for (const directory of directories) {
      // Stages have assemblies of their own in the app's.
      const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
      templates.push(...names.filter((name) => name.endsWith('.template.json')).map((name) => join(directory, name)));
    }
  }, 600_000);

  it('cfn-lint finds nothing in a default site and in the examples but what is skipped with a reason', () => {
    expect(unskipped(lint(templates), SKIPPED_BY_LINT)).toEqual([]);
  });

  it('checkov finds nothing in a default site and in the examples but what is skipped with a reason', () => {
    expect(unskipped(checkov(templates), SKIPPED_BY_CHECKOV)).toEqual([]);
  });
});

function unskipped(findings: readonly Finding[], skipped: Readonly<Record<string, string>>): string[] {
  return [...new Set(findings.filter(({ rule }) => !(rule in skipped)).map(({ rule, at }) => `${rule} ${at}`))].sort();
}
