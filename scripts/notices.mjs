// What the bundles contain that others wrote: THIRD-PARTY-NOTICES.txt for people, sbom.cdx.json (CycloneDX) for scanners, both in dist/.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The folder of the innermost package that a bundled file is of; esbuild puts `(disabled):` before files that it left out. */
const PACKAGE_FOLDER = /^(?!\()(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;

const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;

/** @param metafiles what esbuild says of each build: https://esbuild.github.io/api/#metafile */
export async function writeNotices(metafiles) {
  const packages = await Promise.all([...bundledFolders(metafiles)].map(readPackage));
  packages.sort((left, right) => (purl(left) < purl(right) ? -1 : 1));
  await mkdir('dist', { recursive: true });
  await writeFile('dist/THIRD-PARTY-NOTICES.txt', noticesOf(packages));
  await writeFile('dist/sbom.cdx.json', JSON.stringify(await billOf(packages), undefined, 2) + '\n');
}

/** Folders of packages of which something is left after tree shaking, each with the files that it is in. */
function bundledFolders(metafiles) {
  const folders = new Map();
  for (const [output, { inputs }] of metafiles.flatMap(({ outputs }) => Object.entries(outputs))) {
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = PACKAGE_FOLDER.exec(input)?.[1];
      if (folder === undefined || bytesInOutput === 0) continue;
      folders.set(folder, (folders.get(folder) ?? new Set()).add(output));
    }
  }
  return folders;
}

async function readPackage([folder, outputs]) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (typeof license !== 'string') throw new Error(`scripts/notices: package.json of ${name} names no licence`);
  const files = (await readdir(folder)).filter((file) => LICENSE_FILE.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return { name, version, license, outputs: [...outputs].sort(), text: texts.map((text) => text.trim()).join('\n\n') };
}

/** Each text once, below all packages that come with it. */
function noticesOf(packages) {
  const sections = [...groupByText(packages)].map(([text, owners]) =>
    [...owners.map(({ name, version, license }) => `${name} ${version} (${license})`), '', text].join('\n'),
  );
  return ['This package contains code of the packages below.', ...sections].join(`\n\n${'-'.repeat(80)}\n\n`) + '\n';
}

/** Some packages come without the text of their licence. */
function textOf({ text, license }) {
  return text || `Licensed under ${license}: https://spdx.org/licenses/${license}.html`;
}

function groupByText(packages) {
  const owners = new Map();
  for (const bundled of packages) owners.set(textOf(bundled), [...(owners.get(textOf(bundled)) ?? []), bundled]);
  return owners;
}

/** Without time and serial number, so that the same sources give the same file. https://cyclonedx.org/docs/1.6/json/ */
async function billOf(packages) {
  const { name, version, license, description } = JSON.parse(await readFile('package.json', 'utf8'));
  const self = componentOf({ name, version, license });
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { lifecycles: [{ phase: 'build' }], component: { ...self, description } },
    components: packages.map((bundled) => ({
      ...componentOf(bundled),
      evidence: { occurrences: bundled.outputs.map((location) => ({ location })) },
    })),
    dependencies: [{ ref: self['bom-ref'], dependsOn: packages.map(purl) }],
  };
}

function componentOf({ name, version, license }) {
  const reference = purl({ name, version });
  const isExpression = / (AND|OR|WITH) /.test(license);
  const licenses = [isExpression ? { expression: license } : { license: { id: license } }];
  return { type: 'library', 'bom-ref': reference, name, version, licenses, purl: reference };
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/npm-definition.md */
function purl({ name, version }) {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}
