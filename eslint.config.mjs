import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

/** The wings meet only in `contract`: https://eslint.org/docs/latest/rules/no-restricted-imports */
const wing = (name, others) => ({
  files: [`${name}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(\\.\\./)+(${others.join('|')})(/|$)`,
            message: `${name}/ may import no other wing: share a name through contract/.`,
          },
        ],
      },
    ],
  },
});

/** What has a type in the constructs' API. */
const PUBLIC_TYPES = [
  'TSPropertySignature',
  'PropertyDefinition[accessibility!="private"]',
  'MethodDefinition[accessibility!="private"] > FunctionExpression > Identifier',
  'MethodDefinition > FunctionExpression > TSParameterProperty[accessibility!="private"] > Identifier',
].map((owner) => `${owner} > TSTypeAnnotation > TSUnionType`);

/** What other languages cannot say, or say badly: https://github.com/aws/aws-cdk/blob/main/docs/DESIGN_GUIDELINES.md#unions */
const unions = {
  files: ['lib/*.ts'],
  rules: {
    'no-restricted-syntax': [
      'error',
      {
        selector: PUBLIC_TYPES.map((type) => `${type} > TSLiteralType`).join(),
        message: 'Use an enum in place of a union of strings.',
      },
      {
        selector: PUBLIC_TYPES.map((type) => `${type}:has(> TSTypeReference) > TSBooleanKeyword`).join(),
        message: 'Use two properties, or a struct that says whether, in place of `boolean | Struct`.',
      },
    ],
  },
};

export default tseslint.config(
  {
    ignores: [
      'dist/',
      '**/.venv/',
      'assets/',
      'examples/',
      '**/node_modules/',
      '**/.next/',
      '**/.cdk-nextjs-ecs/',
      'cdk.out/',
      'test/fixtures/*/',
      'test/fixtures/.apps/',
      '.warnings.jsii.js',
    ],
  },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A class of static factories, and one that only groups AWS resources, are the construct idiom.
      '@typescript-eslint/no-extraneous-class': ['error', { allowStaticOnly: true, allowConstructorOnly: true }],
      'max-lines': ['error', { max: 350, skipBlankLines: true }],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  { files: ['test/**/*.ts', 'bench/**/*.ts'], rules: { 'max-lines': ['error', { max: 500, skipBlankLines: true }] } },
  unions,
  wing('lib', ['runtime', 'local', 'bin', 'test']),
  wing('runtime', ['lib', 'local', 'bin', 'test']),
  wing('local', ['lib', 'runtime', 'bin', 'test']),
  wing('contract', ['lib', 'runtime', 'local', 'bin', 'test']),
);
