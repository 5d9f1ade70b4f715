// Writes API.md from what jsii compiled (.jsii): `npm run docs:api`. With --check it only says whether the file is current.
import { readFile, writeFile } from 'node:fs/promises';

const FILE = 'API.md';

const assembly = JSON.parse(await readFile('.jsii', 'utf8'));
const types = Object.values(assembly.types).sort((left, right) => left.name.localeCompare(right.name, 'en'));
const isConstruct = ({ kind, base }) => kind === 'class' && base === 'constructs.Construct';

const SECTIONS = [
  ['Constructs', isConstruct],
  ['Other classes', (type) => type.kind === 'class' && !isConstruct(type)],
  ['Properties', ({ kind }) => kind === 'interface'],
  ['Enumerations', ({ kind }) => kind === 'enum'],
];

function describeType(type) {
  return [
    `### ${type.name}`,
    textOf(type.docs),
    heritageOf(type),
    type.kind === 'class' ? constructorOf(type) : undefined,
    table('Properties', ['name', 'type', 'what it is'], (type.properties ?? []).map(propertyRow)),
    table('Methods', ['name', 'what it does'], (type.methods ?? []).map(methodRow)),
    table(
      'Members',
      ['name', 'what it is'],
      (type.members ?? []).map(({ name, docs }) => [code(name), cell(docs)]),
    ),
  ].filter(Boolean);
}

function heritageOf({ base, interfaces = [] }) {
  const parents = [base, ...interfaces].filter(Boolean).map((name) => link({ fqn: name }));
  return parents.length > 0 ? `Extends ${parents.join(', ')}.` : undefined;
}

function constructorOf({ name, initializer }) {
  if (!initializer) return undefined;
  const parameters = (initializer.parameters ?? []).map(
    ({ name: parameter, type, optional }) => `${parameter}${optional ? '?' : ''}: ${plain(type)}`,
  );
  return `\`\`\`ts\nnew ${name}(${parameters.join(', ')});\n\`\`\``;
}

function propertyRow({ name, type, optional, static: isStatic, docs }) {
  return [code(`${isStatic ? 'static ' : ''}${name}${optional ? '?' : ''}`), link(type), cell(docs)];
}

function methodRow({ name, parameters = [], returns, static: isStatic, docs }) {
  const list = parameters.map(({ name: parameter, optional }) => parameter + (optional ? '?' : '')).join(', ');
  const result = returns ? ` Returns ${link(returns.type)}.` : '';
  return [code(`${isStatic ? 'static ' : ''}${name}(${list})`), cell(docs) + result];
}

function table(title, columns, rows) {
  if (rows.length === 0) return undefined;
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [`**${title}**\n`, line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

function textOf(docs = {}) {
  const see = docs.see ? `See ${docs.see}.` : undefined;
  return [docs.summary, docs.remarks, see].filter(Boolean).join('\n\n');
}

function cell(docs = {}) {
  const byDefault = docs.default === undefined ? undefined : `_Default:_ ${docs.default.replace(/^- /, '')}.`;
  const text = [textOf(docs), byDefault].filter(Boolean).join(' ');
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|');
}

function link(type) {
  if (type.collection) {
    const element = link(type.collection.elementtype);
    return type.collection.kind === 'array' ? `${element}[]` : `map of ${element}`;
  }
  if (type.union) return type.union.types.map(link).join(' or ');
  if (type.primitive) return code(type.primitive);
  const [, own] = /^cdk-nextjs-ecs\.(.*)$/.exec(type.fqn) ?? [];
  return own ? `[${own}](#${own.toLowerCase()})` : code(type.fqn.replace(/^aws-cdk-lib\./, ''));
}

function plain(type) {
  return link(type)
    .replace(/\[(.*?)\]\(.*?\)/g, '$1')
    .replaceAll('`', '');
}

function code(text) {
  return `\`${text}\``;
}

const sections = SECTIONS.flatMap(([title, belongs]) => [
  `## ${title}`,
  ...types.filter(belongs).flatMap(describeType),
]);
const text =
  ['# API', 'Generated from the sources by `npm run docs:api`; not to be edited.', ...sections, '']
    .join('\n\n')
    .trimEnd() + '\n';

if (process.argv.includes('--check')) {
  const current = await readFile(FILE, 'utf8').catch(() => '');
  if (current !== text) {
    console.error(`${FILE} is not of these sources. Run: npm run jsii && npm run docs:api`);
    process.exitCode = 1;
  }
} else {
  await writeFile(FILE, text);
  console.error(`${FILE} ${types.length} types`);
}
