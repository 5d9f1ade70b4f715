import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

import { notProven } from '../deploy/support/proof';
import { generateBindings } from './support/bindings';
import { npmProjectWithCdk } from './support/npm-project';
import { CDK_VERSION } from './support/versions';

it('generates bindings for .NET', async () => {
  const bindings = await generateBindings(await npmProjectWithCdk(CDK_VERSION), 'dotnet');
  const files = readdirSync(bindings, { recursive: true, encoding: 'utf8' });
  expect(files.filter((file) => file.endsWith('/NextjsSite.cs') || file.endsWith('.csproj'))).toHaveLength(2);
  notProven('.NET synthesizes the same template as TypeScript', 'the bindings are generated, not compiled');
});
