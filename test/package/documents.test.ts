import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';

import { proven } from '../deploy/support/proof';
import { hasTools } from '../deploy/support/tool';
import { scratch, write } from '../lib/bundle';
import { run } from './support/run';

const ROOT = resolve(import.meta.dirname, '../..');
const WORKFLOWS = join(ROOT, '.github/workflows');
const VALID = 'The bill of materials and the workflows have the form that their readers expect';

/** Its schemas come with it. */
const VALIDATE_BILL = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(str(error) if error else 0)
`;

describe.skipIf(!hasTools(VALID, 'python3'))('a document for other programs', () => {
  const directory = scratch();

  beforeAll(async () => {
    await run(directory, ['python3', '-m', 'venv', '.']);
    const packages = ['check-jsonschema==0.39.0', 'cyclonedx-python-lib[json-validation]==11.12.0'];
    await run(directory, ['bin/pip', 'install', '--quiet', ...packages]);
  });

  it('is valid CycloneDX', async () => {
    await run(directory, ['tar', '-xzf', inject('archive'), 'package/dist/sbom.cdx.json']);
    write(join(directory, 'validate.py'), VALIDATE_BILL);
    await run(directory, ['bin/python', 'validate.py', 'package/dist/sbom.cdx.json']);
  });

  it('is a valid workflow', async () => {
    const files = readdirSync(WORKFLOWS).map((file) => join(WORKFLOWS, file));
    await run(directory, ['bin/check-jsonschema', '--builtin-schema', 'vendor.github-workflows', ...files]);
    proven(VALID, 'cyclonedx-python-lib, check-jsonschema');
  });
});

describe('a release', () => {
  const check = (tag: string) => run(ROOT, ['npm', 'run', '--silent', 'release:check', '--', tag]);

  it('has the tag of its version', async () => {
    await expect(check('v99.0.0')).rejects.toThrow(/The tag is "v99\.0\.0", and package\.json says/);
    await expect(check('')).rejects.toThrow(/The tag is ""/);
  });
});
