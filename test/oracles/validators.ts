import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const BIN = path.join(__dirname, 'validators/.venv/bin');

/**
 * Whether `test/oracles/prepare` has installed cfn-lint and checkov.
 *
 * @throws where they are missing in CI: a check that runs nowhere proves nothing.
 */
export function validatorsAreInstalled(): boolean {
  const installed = ['cfn-lint', 'checkov'].every((name) => existsSync(path.join(BIN, name)));
  if (!installed && process.env.CI === 'true') {
    throw new Error(
      'oracles: cfn-lint and checkov are not installed, which CI does not allow. Run test/oracles/prepare first.',
    );
  }
  return installed;
}

/** What a validator found: a rule, and where. */
export interface Finding {
  readonly rule: string;
  readonly at: string;
}

/** https://github.com/aws-cloudformation/cfn-lint, warnings included. */
export function lint(templates: readonly string[]): Finding[] {
  const found = run('cfn-lint', ['--format', 'json', '--', ...templates]) as LintMatch[];
  return found.map(({ Rule, Message, Filename }) => ({ rule: Rule.Id, at: `${path.basename(Filename)}: ${Message}` }));
}

interface LintMatch {
  readonly Rule: { readonly Id: string };
  readonly Message: string;
  readonly Filename: string;
}

/** https://www.checkov.io */
export function checkov(templates: readonly string[]): Finding[] {
  const files = templates.flatMap((template) => ['-f', template]);
  const report = run('checkov', [
    '--quiet',
    '--compact',
    '--skip-download',
    '--framework',
    'cloudformation',
    '-o',
    'json',
    ...files,
  ]);
  return [report as CheckovReport].flat().flatMap(({ results }) =>
    results.failed_checks.map(({ check_id, check_name, file_path, resource }) => ({
      rule: check_id,
      at: `${path.basename(file_path)} ${resource}: ${check_name}`,
    })),
  );
}

type CheckovReport = CheckovResults | CheckovResults[];

interface CheckovResults {
  readonly results: {
    readonly failed_checks: readonly {
      readonly check_id: string;
      readonly check_name: string;
      readonly file_path: string;
      readonly resource: string;
    }[];
  };
}

function run(name: string, args: readonly string[]): unknown {
  const { stdout, stderr } = spawnSync(path.join(BIN, name), args, {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new Error(`oracles: ${name} said no JSON: ${stdout.slice(0, 500)}${stderr.slice(0, 2000)}`, { cause });
  }
}
